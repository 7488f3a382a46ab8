-- Whether so few were counted that their rate is shown but not ranked; nothing counted is few.
-- arguments: row_count, what the rate is of; small_cell, of settings.shop
-- source: docs/definitions.md, small cell
create macro is_small_cell(row_count, small_cell) as
coalesce(row_count, 0) < small_cell
