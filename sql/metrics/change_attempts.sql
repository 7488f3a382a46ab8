-- One row per matured attempt that is of the part of the shop which a change concerned, for changes that name one.
-- Values of one attribute are alternatives, attributes must all fit. Device and channel are those of the session in which
-- the attempt began, the country is the CRM's; of `attributes:` what that session's touchpoints say (event, session), what was
-- said of the person by then, or of the order, where the attempt is one.
-- key: change_id, kpi, attempt_id
with asked as (
    select change_id, attribute, cast(count(*) over (partition by change_id) as bigint) as asked_count
    from (select distinct change_id, attribute from settings.change_segments) as distinct_ones
),

begun as (
    select kpi, attempt_id, person_id, session_id, happened_at, persona, device
    from metrics.kpi_attempts
    where is_matured and exists (select 1 from asked)
),

of_sessions as (
    select distinct touchpoints.session_id, said.attribute, said.value
    from journeys.touchpoint_attributes as said
    inner join journeys.touchpoints as touchpoints on said.touchpoint_id = touchpoints.touchpoint_id
    inner join settings.attributes as declared
        on said.attribute = declared.attribute and declared.scope in ('event', 'session')
    where touchpoints.session_id is not null and said.attribute in (select attribute from asked)
),

said as (
    select kpi, attempt_id, 'device' as attribute, device as value
    from begun
    union all
    select kpi, attempt_id, 'persona', persona
    from begun
    union all
    select begun.kpi, begun.attempt_id, 'channel', sessions.channel
    from begun
    inner join journeys.sessions as sessions on begun.session_id = sessions.session_id
    union all
    select begun.kpi, begun.attempt_id, 'country', people.country
    from begun
    inner join journeys.people as people on begun.person_id = people.person_id
    union all
    select begun.kpi, begun.attempt_id, of_sessions.attribute, of_sessions.value
    from begun
    inner join of_sessions on begun.session_id = of_sessions.session_id
    union all
    select begun.kpi, begun.attempt_id, spells.attribute, spells.value
    from begun
    inner join journeys.person_attributes as spells
        on
            begun.person_id = spells.person_id
            and begun.happened_at >= spells.known_from
            and begun.happened_at < spells.known_until
    union all
    select begun.kpi, begun.attempt_id, attributes.attribute, attributes.value
    from begun
    inner join settings.kpis as kpis on begun.kpi = kpis.kpi and kpis.attempts_table = 'journeys.order_sessions'
    inner join staging.order_attributes as attributes on begun.attempt_id = attributes.order_id
    inner join settings.attributes as declared on attributes.attribute = declared.attribute and declared.scope = 'order'
)

select
    asked.change_id,            -- of settings.changes
    said.kpi,                   -- of settings.kpis
    said.attempt_id,            -- of metrics.kpi_attempts
from said
inner join settings.change_segments as segments on said.attribute = segments.attribute and said.value = segments.value
inner join asked on segments.change_id = asked.change_id and segments.attribute = asked.attribute
group by asked.change_id, said.kpi, said.attempt_id, asked.asked_count
having count(distinct asked.attribute) = asked.asked_count
