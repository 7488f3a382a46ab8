-- Devices of several people
with devices as (
    select count(*) as device_count from journeys.identities where is_split
),

spells as (
    select
        count(*) filter (where owner <> identifier) as owned_count,
        count(*) filter (where owner = identifier) as own_count
    from journeys.device_spells
)

select
    device_count as "Devices with more than one account",
    owned_count as "Spells without a login that are an account's",
    own_count as "Spells that are nobody's"
from devices
cross join spells
where device_count > 0
