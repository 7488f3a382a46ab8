-- Hotjar survey responses and feedback, a CSV of either.
-- loads: feedback
-- reads: csv
-- needs: Number, Date Submitted, Hotjar User ID
-- The feedback widget has `Emotion (1-5)`, of five faces, and `Message`. A survey's answers stand under the question's own
-- words: `columns:` of the export in journey.yaml says which is the score, by its scale: `Score 0-10`, `Score 1-5` or
-- `Score 1-7`. One export per survey: its responses are numbered from 1. Times without an offset are UTC. Hotjar's own
-- id of a browser is no identifier of the shop's, so that an answer is somebody's by its e-mail alone.
with values_read as (
    select
        file_rows.*,
        coalesce(
            nullif(trim("Score 0-10"), ''), nullif(trim("Score 1-7"), ''), nullif(trim("Score 1-5"), ''),
            nullif(trim("Emotion (1-5)"), '')
        ) as given_score,
        -- Which column is the score is known by the file: who did not answer has none.
        count("Score 0-10") over (partition by file_number) > 0 as is_from_zero,
        case
            when count("Score 0-10") over (partition by file_number) > 0 then 10
            when count("Score 1-7") over (partition by file_number) > 0 then 7
            when count(coalesce("Score 1-5", "Emotion (1-5)")) over (partition by file_number) > 0 then 5
        end as scale_high
    from file_rows
)

select
    line,
    "Number" as answer_id,
    coalesce(nullif(trim("Survey"), ''), case when "Emotion (1-5)" is null then 'Hotjar survey' else 'Hotjar feedback' end)
        as survey,
    "Date Submitted" as asked_at,
    case when given_score is not null then "Date Submitted" end as answered_at,
    given_score as score,
    case when is_from_zero then 0 else 1 end as scale_low,
    scale_high,
    case scale_high when 10 then 8 when 7 then 5 when 5 then 4 end as satisfied_from,
    pseudonym(nullif(trim("Email"), '')) as email_hash,
    coalesce("Message", "Comment") as comment,
    coalesce(
        case
            when scale_high is null
                then 'no column is the score: say columns of this export in journey.yaml, as "Score 0-10": <the question>'
            when coalesce(trim("Date Submitted"), '') = '' then 'Date Submitted is empty'
        end,
        unread_number('Score 0-10', "Score 0-10"), unread_number('Score 1-7', "Score 1-7"),
        unread_number('Score 1-5', "Score 1-5"), unread_number('Emotion (1-5)', "Emotion (1-5)")
    ) as reject_reason
from values_read
