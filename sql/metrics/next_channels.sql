-- One row per channel and channel of the journey's next session: of the sessions that another one of their journey
-- follows (journeys.journey_sessions), the share that this channel follows, the same one too, so that the shares of a
-- channel add up to 1. And how often the way there leads straight back: A → B → A, of those that a third session follows.
-- Sessions of one journey are not independent, so the intervals (Wilson 95 %) count them as many as their journeys are
-- worth: (Σm)² / Σm², with m sessions a journey.
-- key: channel, next_channel
with steps as (
    select
        channel,
        next_channel,
        journey_id,
        person_id,
        lead(next_channel) over (partition by journey_id order by visit_number) as third_channel
    from journeys.journey_sessions
),

-- By journey first: how much each of them has in a share.
by_journey as (
    select
        channel,
        journey_id,
        min(person_id) as person_id,
        cast(count(*) as bigint) as session_count
    from steps
    where next_channel is not null
    group by channel, journey_id
),

followed as (
    select
        channel,
        cast(sum(session_count) as bigint) as session_count,
        cast(count(*) as bigint) as journey_count,
        cast(count(distinct person_id) as bigint) as person_count,
        cast(sum(session_count) as double) * cast(sum(session_count) as double)
        / nullif(cast(sum(session_count * session_count) as double), 0) as worth
    from by_journey
    group by channel
),

moves_by_journey as (
    select
        channel,
        next_channel,
        journey_id,
        min(person_id) as person_id,
        cast(count(*) as bigint) as next_count,
        cast(count(third_channel) as bigint) as third_count,
        cast(count(*) filter (where third_channel = channel) as bigint) as back_count
    from steps
    where next_channel is not null
    group by channel, next_channel, journey_id
),

moves as (
    select
        channel,
        next_channel,
        cast(sum(next_count) as bigint) as next_count,
        cast(count(*) as bigint) as journey_count,
        case when channel <> next_channel then cast(sum(third_count) as bigint) end as third_count,
        case when channel <> next_channel then cast(sum(back_count) as bigint) end as back_count,
        cast(count(distinct case when third_count > 0 then person_id end) as bigint) as third_person_count,
        cast(sum(third_count) as double) * cast(sum(third_count) as double)
        / nullif(cast(sum(third_count * third_count) as double), 0) as third_worth
    from moves_by_journey
    group by channel, next_channel
),

shares as (
    select
        moves.*,
        followed.session_count as followed_count,
        followed.journey_count as followed_journey_count,
        followed.person_count as followed_person_count,
        followed.worth as followed_worth,
        rate(moves.next_count, followed.session_count) as next_share,
        rate(moves.back_count, moves.third_count) as back_share
    from moves
    inner join followed on moves.channel = followed.channel
)

select
    shares.channel,             -- of a session that another one of its journey follows
    shares.next_channel,        -- of that next session
    shares.channel = shares.next_channel as is_same,  -- the customer stays with the channel
    shares.next_count,          -- times that this channel followed
    shares.journey_count,       -- journeys in which it did
    shares.followed_count,      -- sessions of the channel that another one followed, by whatever channel
    shares.followed_journey_count,  -- journeys with such sessions
    shares.next_share,          -- next / followed
    wilson_low(shares.next_share * shares.followed_worth, shares.followed_worth) as next_low,  -- Wilson 95 %, by journeys
    wilson_high(shares.next_share * shares.followed_worth, shares.followed_worth) as next_high,  -- Wilson 95 %, by journeys
    shares.third_count,         -- of next_count, times that a third session followed; null: the same channel
    shares.back_count,          -- of these, by the first channel again: A → B → A
    shares.back_share,          -- back / third
    wilson_low(shares.back_share * shares.third_worth, shares.third_worth) as back_low,  -- Wilson 95 %, by journeys
    wilson_high(shares.back_share * shares.third_worth, shares.third_worth) as back_high,  -- Wilson 95 %, by journeys
    is_small_cell(shares.followed_person_count, shop.small_cell) as is_small,  -- too few people came on after the channel
    is_small_cell(shares.third_person_count, shop.small_cell) as is_back_small,  -- too few people had a third session
from shares
cross join settings.shop as shop
