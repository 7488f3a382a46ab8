-- Shopify checkouts that were begun: `abandonedCheckouts` of the GraphQL Admin API, pages of nodes or lines of a bulk query.
-- loads: events
-- reads: json, jsonl
-- namespace: shopify
-- needs: id, createdAt, totalPriceSet
-- shape: {
--     "id": "VARCHAR", "createdAt": "VARCHAR", "updatedAt": "VARCHAR", "completedAt": "VARCHAR",
--     "customer": {"id": "VARCHAR", "email": "VARCHAR", "defaultEmailAddress": {"emailAddress": "VARCHAR"}},
--     "subtotalPriceSet": {"shopMoney": {"amount": "VARCHAR", "currencyCode": "VARCHAR"}},
--     "totalPriceSet": {"shopMoney": {"amount": "VARCHAR", "currencyCode": "VARCHAR"}},
--     "__parentId": "VARCHAR", "title": "VARCHAR", "quantity": "VARCHAR", "sku": "VARCHAR", "product": {"id": "VARCHAR"},
--     "originalUnitPriceSet": {"shopMoney": {"amount": "VARCHAR"}},
--     "discountedUnitPriceSet": {"shopMoney": {"amount": "VARCHAR"}},
--     "lineItems": {"nodes": [{"title": "VARCHAR", "quantity": "VARCHAR", "sku": "VARCHAR", "product": {"id": "VARCHAR"},
--         "originalUnitPriceSet": {"shopMoney": {"amount": "VARCHAR"}},
--         "discountedUnitPriceSet": {"shopMoney": {"amount": "VARCHAR"}}}]}}
-- The same events as shopify_checkouts makes of the older CSV, under the same ids: `Checkout Abandoned` while completedAt
-- is empty, else `Checkout Completed`, of the instant at which the checkout began; the newest version by updatedAt
-- stands. Amounts are those in the shop's money. GraphQL names no cart. The link to recover the cart logs its reader in
-- and is never read, nor are names, addresses, notes and attributes.
with lines as (
    select line, r as own, file_number, nullif(trim(r.__parentId), '') as parent_id
    from file_rows
),

checkouts as (
    select
        line,
        parent_id,
        case
            when parent_id is null then own
            else first_value(case when parent_id is null then own end ignore nulls) over of_checkout
        end as r,
        list({
            'title': own.title,
            'quantity': own.quantity,
            'sku': own.sku,
            'product': own.product,
            'originalUnitPriceSet': own.originalUnitPriceSet,
            'discountedUnitPriceSet': own.discountedUnitPriceSet
        }) filter (where parent_id is not null) over of_checkout as item_lines
    from lines
    window of_checkout as (
        partition by file_number, coalesce(parent_id, own.id) order by line rows between unbounded preceding and unbounded following
    )
)

select
    line,
    'checkout ' || shopify_id(r.id) as event_id,
    case when coalesce(trim(r.completedAt), '') = '' then 'Checkout Abandoned' else 'Checkout Completed' end
        as event_name,
    r.createdAt as occurred_at,
    nullif(shopify_id(r.customer.id), '') as customer_id,
    pseudonym(coalesce(
        nullif(trim(r.customer.defaultEmailAddress.emailAddress), ''), nullif(trim(r.customer.email), '')
    )) as email_hash,
    list_transform(coalesce(item_lines, r.lineItems.nodes), lambda i: {
        'product_id': coalesce(nullif(trim(i.sku), ''), nullif(shopify_id(i.product.id), '')),
        'product_name': i.title,
        'quantity': i.quantity,
        'price': coalesce(i.discountedUnitPriceSet.shopMoney.amount, i.originalUnitPriceSet.shopMoney.amount)
    }) as items,
    coalesce(r.subtotalPriceSet.shopMoney.amount, r.totalPriceSet.shopMoney.amount) as value,
    coalesce(r.subtotalPriceSet.shopMoney.currencyCode, r.totalPriceSet.shopMoney.currencyCode) as currency,
    r.updatedAt as source_updated_at,
    case
        when shopify_id(parent_id) = '' then '__parentId is not a Shopify id: ' || parent_id
        when r is null then '__parentId names no checkout of the file'
        when shopify_id(r.id) = '' then 'id is not a Shopify id: ' || r.id
        when shopify_id(r.customer.id) = '' and trim(r.customer.id) <> ''
            then 'customer id is not a Shopify id: ' || r.customer.id
        when r.customer.id is null and r.customer.email is null and r.customer.defaultEmailAddress.emailAddress is null
            then 'customer names nobody: neither id nor e-mail'
    end as reject_reason
from checkouts
