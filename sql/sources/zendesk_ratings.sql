-- Zendesk satisfaction ratings (GET /api/v2/satisfaction_ratings), one JSON object a line.
-- loads: feedback
-- reads: jsonl
-- namespace: zendesk
-- needs: ticket_id, score
-- shape: {"ticket_id": "VARCHAR", "score": "VARCHAR", "comment": "VARCHAR", "created_at": "VARCHAR",
--   "updated_at": "VARCHAR", "requester": {"external_id": "VARCHAR", "email": "VARCHAR"}}
-- A rating is of a ticket and may change: the answer is the ticket's, and the last rating by updated_at stands.
-- good is 1, bad is 0; offered is asked and not answered; unoffered is not asked. Every row of feedback is someone
-- who was asked, so that unoffered is rejected, with its reason. requester_id is Zendesk's id of the person, not the
-- shop's: only an export that carries the requester tells external_id, the shop's id, and the e-mail.
with values_read as (
    select
        line,
        r,
        nullif(trim(r.ticket_id), '') as ticket_id,
        regexp_extract(r.score, '^(good|bad|offered|unoffered)(_with_comment|_without_comment)?$', 1) as verdict,
        read_instant(r.created_at, 'UTC') as created_at,
        read_instant(r.updated_at, 'UTC') as updated_at
    from file_rows
)

select
    line,
    'ticket ' || ticket_id as answer_id,
    'Zendesk rating' as survey,
    created_at as asked_at,
    case when verdict in ('good', 'bad') then updated_at end as answered_at,
    case verdict when 'good' then 1 when 'bad' then 0 end as score,
    0 as scale_low,
    1 as scale_high,
    1 as satisfied_from,
    nullif(trim(r.requester.external_id), '') as customer_id,
    pseudonym(nullif(r.requester.email, '')) as email_hash,
    r.comment as comment,
    updated_at as source_updated_at,
    coalesce(
        case
            when ticket_id is null then 'ticket_id is missing'
            when r.score is null then 'score is missing'
            when verdict = 'unoffered' then 'unoffered: nobody was asked'
            when verdict = '' then 'score is not offered, unoffered, good or bad: ' || r.score
            when coalesce(trim(r.created_at), '') = '' then 'created_at is missing'
            when coalesce(trim(r.updated_at), '') = '' then 'updated_at is missing'
        end,
        unread_instant('created_at', r.created_at),
        unread_instant('updated_at', r.updated_at)
    ) as reject_reason
from values_read
