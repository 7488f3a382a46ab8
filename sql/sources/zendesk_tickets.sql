-- Zendesk tickets (GET /api/v2/tickets, or an incremental export), one JSON object a line.
-- loads: tickets
-- reads: jsonl
-- namespace: zendesk
-- needs: id, requester_id, status, created_at, via
-- shape: {"id": "VARCHAR", "status": "VARCHAR", "type": "VARCHAR", "priority": "VARCHAR", "created_at": "VARCHAR",
--   "updated_at": "VARCHAR", "solved_at": "VARCHAR", "requester_id": "VARCHAR", "via": {"channel": "VARCHAR"},
--   "requester": {"external_id": "VARCHAR", "email": "VARCHAR"}, "order_id": "VARCHAR",
--   "metric_set": {"solved_at": "VARCHAR", "reply_time_in_minutes": {"calendar": "BIGINT"}}}
-- A ticket is exported again whenever it changes: its newest state by updated_at stands. It is solved with the status
-- solved or closed, at `solved_at` where the export or its metric set has it, else at updated_at, which a later close
-- moves. requester_id is Zendesk's id of the person: it ties the tickets of one requester, under a name of its own so
-- that no other CRM's contact is met by chance. Subject, description, tags and the rating in a ticket are not read.
with values_read as (
    select
        line,
        r,
        nullif(trim(r.id), '') as ticket_id,
        lower(nullif(trim(r.status), '')) as status,
        coalesce(nullif(trim(r.solved_at), ''), nullif(trim(r.metric_set.solved_at), '')) as given_solved_at,
        r.metric_set.reply_time_in_minutes.calendar as reply_minutes,
        try_cast(r.created_at as timestamptz) at time zone 'UTC' as created_at,
        try_cast(r.updated_at as timestamptz) at time zone 'UTC' as updated_at
    from file_rows
),

resolutions as (
    select *, try_cast(given_solved_at as timestamptz) at time zone 'UTC' as said_solved_at
    from values_read
)

select
    line,
    ticket_id,
    created_at,
    -- A reply changes the ticket: one that would be later than its last change is a mistake.
    case
        when reply_minutes between 0 and date_diff('minute', created_at, updated_at) + 1
            then created_at + reply_minutes * interval 1 minute
    end as first_reply_at,
    case when status in ('solved', 'closed') then coalesce(said_solved_at, updated_at) end as solved_at,
    status,
    r.type as category,
    r.priority as priority,
    lower(r.via.channel) as channel,
    'zendesk ' || nullif(trim(r.requester_id), '') as contact_id,
    r.requester.external_id as customer_id,
    pseudonym(nullif(trim(r.requester.email), '')) as email_hash,
    r.order_id as order_id,
    updated_at as source_updated_at,
    case
        when ticket_id is null then 'id is missing'
        when status is null then 'status is missing'
        when created_at is null then 'created_at is not an ISO 8601 instant: ' || coalesce(r.created_at, '')
        when updated_at is null then 'updated_at is not an ISO 8601 instant: ' || coalesce(r.updated_at, '')
        when status in ('solved', 'closed') and given_solved_at is not null and said_solved_at is null
            then 'solved_at is not an ISO 8601 instant: ' || given_solved_at
    end as reject_reason
from resolutions
