-- SendPulse contacts of an address book, as its API lists them.
-- loads: contacts
-- reads: json, jsonl
-- namespace: sendpulse
-- needs: email, status, variables
-- shape: {"email": "VARCHAR", "status": "VARCHAR", "status_explain": "VARCHAR"}
-- A contact has no id but its e-mail, whose hash stands for both. Names, phones and variables are not read.
select
    line,
    pseudonym(nullif(trim(r.email), '')) as contact_id,
    pseudonym(nullif(trim(r.email), '')) as email_hash,
    coalesce(nullif(trim(r.status_explain), ''), nullif(trim(r.status), '')) as marketing_status,
    case when coalesce(trim(r.email), '') = '' then 'email is empty' end as reject_reason
from file_rows
