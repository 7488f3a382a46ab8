-- The number in an id as Shopify's APIs write it: itself, or the last part of `gid://shopify/Customer/7`.
-- arguments: id, as sent; null: null
-- source: Shopify's global ids; empty where it is no such id: the last digits of any other text would be somebody's
create macro shopify_id(id) as
regexp_extract(id, '^ *(?:gid://shopify/[A-Za-z]+/)?([0-9]+) *$', 1)
