-- QuestionPro responses, the raw data of a survey as CSV.
-- loads: feedback
-- reads: csv
-- needs: Response ID, Response Status, Timestamp (mm/dd/yyyy)
-- A question's answers stand under the question's own words: `columns:` of the export in journey.yaml says which is the
-- score, by its scale: `Score 1-5`, `Score 0-10`, `Score 1-7` or `Score 1-10`. One export per survey, whose `Survey`
-- is the name of that. The time is of QuestionPro's clock, US Pacific, in the order that the label says. Respondents who
-- left have no score and count as asked. IP addresses and places are not read.
with values_read as (
    select
        file_rows.*,
        coalesce(
            nullif(trim("Score 0-10"), ''), nullif(trim("Score 1-10"), ''), nullif(trim("Score 1-7"), ''),
            nullif(trim("Score 1-5"), '')
        ) as given_score,
        -- Which column is the score is known by the file: who left has none.
        count("Score 0-10") over (partition by file_number) > 0 as is_from_zero,
        case
            when count(coalesce("Score 0-10", "Score 1-10")) over (partition by file_number) > 0 then 10
            when count("Score 1-7") over (partition by file_number) > 0 then 7
            when count("Score 1-5") over (partition by file_number) > 0 then 5
        end as scale_high,
        coalesce(
            try_strptime(trim("Timestamp (mm/dd/yyyy)"), '%m/%d/%Y %H:%M:%S'),
            try_strptime(trim("Timestamp (mm/dd/yyyy)"), '%m/%d/%Y %H:%M')
        ) as local_time
    from file_rows
)

select
    line,
    "Response ID" as answer_id,
    coalesce(nullif(trim("Survey"), ''), 'QuestionPro') as survey,
    (local_time at time zone 'America/Los_Angeles') at time zone 'UTC' as asked_at,
    case when given_score is not null then (local_time at time zone 'America/Los_Angeles') at time zone 'UTC' end
        as answered_at,
    given_score as score,
    case when is_from_zero then 0 else 1 end as scale_low,
    scale_high,
    case scale_high when 10 then 8 when 7 then 5 when 5 then 4 end as satisfied_from,
    "External Reference" as customer_id,
    pseudonym(nullif(trim("Respondent Email"), '')) as email_hash,
    "Comment" as comment,
    coalesce(
        case
            when scale_high is null
                then 'no column is the score: say columns of this export in journey.yaml, as "Score 1-5": <the question>'
            when local_time is null then concat(
                'Timestamp (mm/dd/yyyy) is not a time as 07/31/2026 10:00:00: ', "Timestamp (mm/dd/yyyy)"
            )
        end,
        unread_number('Score 0-10', "Score 0-10"), unread_number('Score 1-7', "Score 1-7"),
        unread_number('Score 1-5', "Score 1-5"), unread_number('Score 1-10', "Score 1-10")
    ) as reject_reason
from values_read
