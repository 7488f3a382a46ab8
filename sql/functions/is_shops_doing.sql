-- Whether an event of the e-commerce names that trackers share is the shop's own doing, and no visit of the person's.
-- arguments: event_name, as sent; null: null
-- source: Segment's specifications of e-commerce and e-mail, whose names RudderStack and PostHog use too
create macro is_shops_doing(event_name) as
event_name in ('Email Sent', 'Email Delivered', 'Email Bounced', 'Order Updated', 'Order Refunded', 'Order Cancelled')
