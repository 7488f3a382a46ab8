-- SendPulse e-mail events, as its webhooks send them: what became of each e-mail of a campaign.
-- loads: events
-- reads: json, jsonl
-- namespace: sendpulse
-- needs: event, email, timestamp
-- shape: {
--     "event": "VARCHAR", "email": "VARCHAR", "timestamp": "VARCHAR", "task_id": "VARCHAR", "book_id": "VARCHAR",
--     "link_url": "VARCHAR", "open_device": "VARCHAR"}
-- The brand wrote, so none is caused by a person, not even an opening (mail programs open by themselves) or a click: the
-- visit that follows is in the click-stream. Names are SendPulse's with `email ` before them: `email open`,
-- `email redirect` (a link was followed), `email delivered`, `email unsubscribe`, `email spam`. A webhook has no id: one is
-- made of what makes the event. The time is seconds since 1970.
select
    line,
    md5(concat_ws(
        chr(31), r.event, pseudonym(r.email), r.timestamp, coalesce(r.task_id, ''), coalesce(r.book_id, ''),
        coalesce(r.link_url, '')
    )) as event_id,
    'email ' || lower(nullif(trim(r.event), '')) as event_name,
    case
        when try_cast(r.timestamp as bigint) between 0 and 4102444800
            then make_timestamp(try_cast(r.timestamp as bigint) * 1000000)
    end as occurred_at,
    pseudonym(nullif(trim(r.email), '')) as email_hash,
    'sendpulse' as campaign_source,
    'email' as campaign_medium,
    nullif(trim(r.task_id), '') as campaign_name,
    case lower(trim(r.open_device)) when 'desktop' then 'desktop' when 'mobile' then 'mobile' when 'tablet' then 'tablet' end
        as device,
    false as is_person_caused,
    case
        when coalesce(trim(r.event), '') = '' then 'event is empty'
        when coalesce(trim(r.email), '') = '' then 'email is empty'
        when try_cast(r.timestamp as bigint) is null
            then 'timestamp is not seconds since 1970: ' || coalesce(r.timestamp, '')
    end as reject_reason
from file_rows
