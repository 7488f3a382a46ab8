"""The SQL that words the exports: persons, orders and survey answers as tables, then the lines of each file.

`exports` loads what these read: drawn_persons, drawn_orders, lines, exports, contacts, answers, the vocabulary
(places, products, campaigns) and the variables; for each batch of event files also `placed`.
"""

TABLES = """
create macro opaque(n, salt) as
    printf('%08x', (n * 2654435761 + salt * 40503 + getvariable('seed')) % 4294967296);
create macro iso(t) as strftime(epoch_ms(t::bigint), '%Y-%m-%dT%H:%M:%S.%gZ');
create macro shop_time(t) as strftime(make_timestamptz(t * 1000), '%Y-%m-%d %H:%M:%S %z') || '00';
create macro iso_local(t) as regexp_replace(shop_time(t), '^(.{10}) (.{8}) (...)(..)$', '\\1T\\2\\3:\\4');
create macro euro(cents) as printf('%d.%02d', cents // 100, cents % 100);

-- One row per customer.
create table persons as
select
    person, first_name, last_name, first_name || ' ' || last_name as full_name, place,
    lower(strip_accents(first_name || '.' || replace(last_name, '''', ''))) || person
        || if(person % 3 = 0, '@example.org', '@example.com') as email,
    printf('c-%06d', person) as customer_id,
    printf('+33 6 00 %02d %02d %02d', n // 10000, n // 100 % 100, n % 100) as phone,
    1 + n % 180 || ' ' || street as address
from (select *, (person * 7919 + 4021) % 1000000 as n from drawn_persons);

-- One row per order.
create table orders as
select
    drawn_orders.* exclude (journey),
    6100000000000 + order_no * 32771 as order_id,
    '#' || (1001 + order_no) as order_name,
    if(email_known, email, null) as order_email
from drawn_orders join persons using (person);

-- One row per order: the products of its purchase event.
create table baskets as
select
    order_no,
    string_agg(printf('{"product_id":"%s","sku":"%s","name":"%s","price":%s,"quantity":%d}',
        product_id, sku, name, euro(price), quantity), ',' order by line_no) as basket
from lines join products using (product)
group by all;

-- One row per survey sent.
create table survey_rows as
select
    printf('r-%06d', row_number() over (order by sent, survey, answers.person)) as "Response ID",
    getvariable('surveys')[survey + 1] as "Survey", '1-5' as "Scale",
    iso_local(sent) as "Sent at", iso_local(if(score > 0, answered, null)) as "Answered at",
    nullif(score, 0) as "Score",
    if(orders.order_no is null, if(answers.email_known, email, null), order_email) as "Email",
    order_name as "Order",
    if(score = 0 or comment >= 14, null,
        if(score < 3, getvariable('poor_comments'), getvariable('good_comments'))[comment % 7 + 1])
        as "Comment"
from answers join persons using (person) left join orders using (order_no);
"""
# One row per line of some event files. concat() skips nulls, so that a key without a value is left out.
EVENT_LINES = """
select
    case
        when kind = 0 then '/' when kind = 1 then '/c/' || category when kind = 2 then '/p/' || product_id
        when kind = 3 then '/help' when kind < 7 then '/cart' else '/checkout'
    end as path,
    ['iPhone; CPU iPhone OS 18_5', 'Windows NT 10.0; Win64', 'iPad; CPU OS 18_5'][device + 1] as agent,
    concat(
        '{"messageId":"', opaque(event, 1)[3:], '-', opaque(event // 16777216, 2), '-4', opaque(0, 3)[:3],
        '","type":"', if(kind = 0, 'page', 'track'), '"',
        ',"event":"' || if(kind = 1 and event % 4 = 0, 'Products Searched',
            nullif(getvariable('event_names')[kind + 1], '')) || '"',
        if(kind = 0, concat(',"name":"', if(source is null, 'Home', 'Campaign landing'), '"'), null),
        ',"anonymousId":"', if(device_no = 2, 'tablet-store-1', 'an-' || opaque(person * 2 + device_no, 4)), '"',
        ',"userId":"' || if(logged_in, customer_id, null) || '"',
        ',"timestamp":"', iso(t), '","originalTimestamp":"', iso(t + skew),
        '","sentAt":"', iso(sent + skew), '","receivedAt":"', iso(sent),
        '","context":{"page":{"url":"https://shop.example', path,
        printf('?utm_source=%s&utm_medium=%s&utm_campaign=%s', source, medium, campaign_name),
        '","path":"', path, '"',
        ',"referrer":"' || nullif(referrer, '') || '"', '}',
        printf(',"campaign":{"source":"%s","medium":"%s","name":"%s"}', source, medium, campaign_name),
        ',"userAgent":"Mozilla/5.0 (', agent, ')",',
        '"device":{"type":"', ['mobile', 'desktop', 'tablet'][device + 1], '"}',
        ',"traits":{"email":"' || if(logged_in and event % 6 = 0, email, null) || '"}',
        '},"properties":{', concat(
            if(kind = 1, concat(',"', if(event % 4 = 0, 'query', 'category'), '":"', category, '"'), null),
            if(kind = 3, concat(',"topic":"', if(journey % 2 = 0, 'delivery', 'payment'), '"'), null),
            if(kind in (2, 4, 5), printf(',"product_id":"%s","sku":"%s","name":"%s","price":%s',
                product_id, sku, name, euro(price)), null),
            if(kind in (4, 5), ',"quantity":' || quantity, null),
            if(kind in (4, 5, 6, 7, 11) and has_cart_id, ',"cart_id":"ct-' || opaque(journey, 5) || '"', null),
            if(kind > 6, ',"checkout_id":"ck-' || opaque(journey, 6) || '"', null),
            if(kind in (6, 7, 10), ',"value":' || euro(cart_value) || ',"currency":"EUR"', null),
            if(kind = 8, ',"step":1', null), if(kind = 10, ',"error":"card_declined_by_gateway"', null),
            printf(',"order_id":"%d","revenue":%s,"total":%s,"shipping":%s,"tax":%s,"discount":%s,"currency":"EUR"',
                order_id, euro(subtotal), euro(total), euro(shipping), euro(tax), euro(discount)),
            ',"products":[' || basket || ']'
        )[2:], '}}') as text
from placed join products using (product) join persons using (person)
left join campaigns on kind = 0 and placed.campaign = campaigns.campaign
left join orders using (order_no) left join baskets using (order_no)
order by placed.line
"""
# One row per line item of each export file; an order in two files has its state at each export.
ORDER_LINES = """
select
    file,
    {
        'Name': order_name, 'Email': order_email, 'Created at': shop_time(created),
        'Lineitem quantity': quantity::varchar, 'Lineitem name': name, 'Lineitem price': euro(price),
        'Lineitem sku': sku, 'Lineitem requires shipping': 'true', 'Lineitem taxable': 'true',
        'Lineitem fulfillment status': if(fulfilled < as_of, 'fulfilled', 'pending'),
        'Lineitem discount': '0.00', 'Vendor': 'Made-up shop'
    } as item,
    if(line_no > 0, null, {
        'Financial Status': case when cancelled < as_of then if(captured, 'refunded', 'voided')
            when refund_at < as_of then if(refund = total, 'refunded', 'partially_refunded') else 'paid' end,
        'Paid at': if(captured, shop_time(created + 1000), null),
        'Fulfillment Status': if(fulfilled < as_of, 'fulfilled', 'unfulfilled'),
        'Fulfilled at': if(fulfilled < as_of, shop_time(fulfilled), null),
        'Accepts Marketing': if(person % 3 = 1, 'yes', 'no'), 'Currency': 'EUR',
        'Subtotal': euro(subtotal), 'Shipping': euro(shipping), 'Taxes': euro(tax), 'Total': euro(total),
        'Discount Code': if(discount > 0, 'WELCOME10', null), 'Discount Amount': euro(discount),
        'Shipping Method': 'Home delivery',
        'Billing Name': full_name, 'Billing Street': address, 'Billing Address1': address,
        'Billing City': city, 'Billing Zip': postcode, 'Billing Country': country_code,
        'Billing Phone': phone,
        'Shipping Name': full_name, 'Shipping Street': address, 'Shipping Address1': address,
        'Shipping City': city, 'Shipping Zip': postcode, 'Shipping Country': country_code,
        'Shipping Phone': phone,
        'Note Attributes': concat(
            'delivered_at: ' || if(delivered < as_of, shop_time(delivered), null) || '; ',
            'promised_on: ', shop_time(promised)[:10]),
        'Cancelled at': if(cancelled < as_of, shop_time(cancelled), null),
        'Payment Method': ['Card', 'PayPal', 'Klarna'][method + 1],
        'Payment Reference': 'pay-' || opaque(order_no, 7),
        'Refunded Amount': euro(case when cancelled < as_of and captured then total
            when refund_at < as_of then refund else 0 end),
        'Outstanding Balance': '0.00', 'Id': order_id, 'Risk Level': 'Low', 'Source': 'web',
        'Tax 1 Name': 'TVA 20%', 'Tax 1 Value': euro(tax), 'Phone': phone
    }) as head
from exports join orders using (order_no) join lines using (order_no) join products using (product)
join persons using (person) join places using (place)
order by file, order_no, line_no
"""
# One row per contact.
CONTACTS = """
select
    300000 + person * 3 as "Record ID", first_name as "First Name", last_name as "Last Name",
    email as "Email", phone as "Phone Number", country as "Country/Region", city as "City",
    if(is_buyer, 'Customer', 'Subscriber') as "Lifecycle Stage",
    if(is_buyer, 'Connected', 'New') as "Lead Status",
    ['Organic Search', 'Direct Traffic', 'Paid Social', 'Email Marketing'][person % 4 + 1]
        as "Original Source",
    if(person % 3 = 1, 'Marketing contact', 'Non-marketing contact') as "Marketing contact status",
    shop_time(created)[:16] as "Create Date", shop_time(modified)[:16] as "Last Modified Date",
    if(has_account, customer_id, null) as "Customer ID"
from contacts join persons using (person) join places using (place)
order by created, person
"""
# One row: the orders as they stand at the period's end; net of discounts, before refunds.
ORDER_FIGURES = """
select
    count(*) as orders, (select count(*) from lines) as order_lines, coalesce(sum(subtotal) / 100, 0) as net_value,
    count(*) filter (nth_purchase > 0) as repeat_orders, count(*) filter (cancelled < $ends) as cancelled,
    count(*) filter (refund_at < $ends) as refunded,
    count(*) filter (refund_at < $ends and refund = total) as refunded_in_full,
    count(*) filter (fulfilled < $ends) as shipped, count(*) filter (delivered < $ends) as delivered,
    count(*) filter (delivered < $ends and is_late) as delivered_late,
    count(*) filter (guest) as guest_orders, count(*) filter (not email_known) as without_email
from orders
"""
# One row per survey.
SURVEY_FIGURES = """
select
    "Survey" as survey, count(*) as sent, count("Score") as answered,
    round(count(*) filter ("Score" > 3) / nullif(count("Score"), 0), 4) as csat,
    round(avg("Score"), 3) as mean_score
from survey_rows
group by all
order by all
"""
# One row per order, twenty in all: what must not leave the shop.
PERSONAL_DATA = """
select order_email as emails, phone as phones, full_name as names from orders join persons using (person)
where order_email is not null
order by order_no limit 20
"""
