-- What a WooCommerce status makes of an order: `wc-on-hold`, `On hold` and `on-hold` are one. Null: it is none of
-- WooCommerce's own, but a plugin's, or in another language.
-- arguments: status, a text of an export
-- source: WooCommerce's order statuses; docs/definitions.md, "Orders"
create macro woocommerce_state(status) as
case regexp_replace(plain_status(status), '^wc-', '', 'g')
    when 'on-hold' then 'placed'
    when 'processing' then 'paid'
    when 'completed' then 'paid'
    when 'pending' then 'unpaid'
    when 'pending-payment' then 'unpaid'
    when 'cancelled' then 'cancelled'
    when 'refunded' then 'refunded'
    when 'failed' then 'failed'
    when 'draft' then 'draft'
    when 'auto-draft' then 'draft'
    when 'checkout-draft' then 'draft'
    when 'trash' then 'trash'
end
