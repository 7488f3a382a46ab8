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
        read_number("Satisfied from") as given_satisfied_from,
        read_number("Score") as given_score,
        read_instant("Sent at", 'UTC') as asked_at,
        read_instant("Answered at", 'UTC') as answered_at
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
    coalesce(
        unread_number('Satisfied from', "Satisfied from"),
        unread_number('Score', "Score"),
        unread_instant('Answered at', "Answered at"),
        unread_instant('Sent at', "Sent at"),
        case
            when coalesce("Response ID", '') = '' then 'Response ID is empty'
            when coalesce("Survey", '') = '' then 'Survey is empty'
            when given_satisfied_from is null and coalesce(trim("Scale"), '') not in ('1-5', '1-10', '0-10')
                then 'Scale is not 1-5, 1-10 or 0-10: ' || coalesce("Scale", '')
            when scale_high is null or scale_low >= scale_high
                then 'Scale is not two numbers as 1-7: ' || coalesce("Scale", '')
            when given_satisfied_from < scale_low or given_satisfied_from > scale_high
                then 'Satisfied from is outside the scale ' || "Scale" || ': ' || "Satisfied from"
            when given_score < scale_low or given_score > scale_high
                then 'Score is outside the scale ' || "Scale" || ': ' || "Score"
            when given_score is not null and answered_at is null then 'Answered at is empty'
        end
    ) as reject_reason
from values_read
