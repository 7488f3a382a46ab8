-- Zendesk tickets (GET /api/v2/tickets, or an incremental export), one JSON object a line.
-- loads: tickets
-- reads: jsonl
-- namespace: zendesk
-- needs: id, requester_id, status, created_at, via
-- shape: {"id": "VARCHAR", "status": "VARCHAR", "type": "VARCHAR", "priority": "VARCHAR", "created_at": "VARCHAR",
--   "updated_at": "VARCHAR", "solved_at": "VARCHAR", "requester_id": "VARCHAR", "via": {"channel": "VARCHAR"},
--   "requester": {"external_id": "VARCHAR", "email": "VARCHAR"}, "order_id": "VARCHAR",
--   "metric_set": {"solved_at": "VARCHAR", "reply_time_in_minutes": {"calendar": "VARCHAR"}}}
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
        read_count(r.metric_set.reply_time_in_minutes.calendar) as reply_minutes,
        read_instant(r.created_at, 'UTC') as created_at,
        read_instant(r.updated_at, 'UTC') as updated_at
    from file_rows
),

resolutions as (
    select *, read_instant(given_solved_at, 'UTC') as said_solved_at
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
    coalesce(
        case
            when ticket_id is null then 'id is missing'
            when status is null then 'status is missing'
            when coalesce(trim(r.created_at), '') = '' then 'created_at is missing'
            when coalesce(trim(r.updated_at), '') = '' then 'updated_at is missing'
        end,
        unread_instant('created_at', r.created_at),
        unread_instant('updated_at', r.updated_at),
        unread_instant('solved_at', given_solved_at),
        unread_count('metric_set.reply_time_in_minutes.calendar', r.metric_set.reply_time_in_minutes.calendar)
    ) as reject_reason
from resolutions
