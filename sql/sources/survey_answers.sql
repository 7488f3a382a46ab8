-- Survey invitations and answers, a CSV with a declared scale.
-- loads: feedback
-- reads: csv
-- needs: Response ID, Survey, Scale, Score
-- One row per person asked. An empty Score is an unanswered invitation: it counts in the response rate, not in
-- CSAT. Satisfied are the top two of 1–5, and 8–10 of a scale up to 10; a row that says from which score on somebody is
-- satisfied may have any scale.
with values_read as (
    select
        *,
        try_cast(regexp_extract("Scale", '^ *(-?[0-9]+)-(-?[0-9]+) *$', 1) as double) as scale_low,
        try_cast(regexp_extract("Scale", '^ *(-?[0-9]+)-(-?[0-9]+) *$', 2) as double) as scale_high,
        try_cast(nullif(trim("Satisfied from"), '') as double) as given_satisfied_from,
        try_cast(nullif("Score", '') as double) as given_score,
        try_cast(nullif("Sent at", '') as timestamptz) at time zone 'UTC' as asked_at,
        try_cast(nullif("Answered at", '') as timestamptz) at time zone 'UTC' as answered_at
    from file_rows
)

select
    line,
    nullif("Response ID", '') as answer_id,
    nullif("Survey", '') as survey,
    asked_at,
    answered_at,
    given_score as score,
    scale_low,
    scale_high,
    coalesce(given_satisfied_from, case scale_high when 5 then 4 when 10 then 8 end) as satisfied_from,
    pseudonym(nullif("Email", '')) as email_hash,
    nullif("Order", '') as order_id,
    "Comment" as comment,
    case
        when coalesce("Response ID", '') = '' then 'Response ID is empty'
        when coalesce("Survey", '') = '' then 'Survey is empty'
        when coalesce(trim("Satisfied from"), '') = '' and coalesce(trim("Scale"), '') not in ('1-5', '1-10', '0-10')
            then 'Scale is not 1-5, 1-10 or 0-10: ' || coalesce("Scale", '')
        when scale_high is null or scale_low >= scale_high
            then 'Scale is not two numbers as 1-7: ' || coalesce("Scale", '')
        when coalesce(trim("Satisfied from"), '') <> '' and given_satisfied_from is null
            then 'Satisfied from is not a number: ' || "Satisfied from"
        when given_satisfied_from < scale_low or given_satisfied_from > scale_high
            then 'Satisfied from is outside the scale ' || "Scale" || ': ' || "Satisfied from"
        when coalesce("Score", '') <> '' and given_score is null then 'Score is not a number: ' || "Score"
        when given_score < scale_low or given_score > scale_high
            then 'Score is outside the scale ' || "Scale" || ': ' || "Score"
        when given_score is not null and answered_at is null
            then 'Answered at is not an ISO 8601 instant: ' || coalesce("Answered at", '')
        when coalesce("Sent at", '') <> '' and asked_at is null
            then 'Sent at is not an ISO 8601 instant: ' || "Sent at"
    end as reject_reason
from values_read
