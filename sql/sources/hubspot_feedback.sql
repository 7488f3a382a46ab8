-- HubSpot feedback submissions, a CSV with the properties' internal names.
-- loads: feedback
-- reads: csv
-- namespace: hubspot
-- needs: hs_survey_type, hs_value, hs_submission_timestamp
-- The scale is the survey type's: CSAT 0–2, satisfied is 2; NPS 0–10, satisfied are the promoters, 9 and 10; CES 1–7,
-- satisfied from 5. Only answers are exported, and nobody who was asked and did not answer. A time without an offset
-- is the portal's, taken for the shop's. An e-mail roll-up of several contacts names nobody.
with values_read as (
    select
        file_rows.*,
        coalesce(nullif("Record ID", ''), nullif("hs_object_id", ''), nullif("hs_ingestion_id", '')) as record_id,
        coalesce(nullif("hs_survey_name", ''), nullif("hs_survey_id", '')) as survey_name,
        upper(trim("hs_survey_type")) as survey_type,
        read_number("hs_value") as given_score,
        case when "hs_contact_email_rollup" not similar to '.*[;,].*' then nullif("hs_contact_email_rollup", '') end
            as only_email,
        read_instant("hs_submission_timestamp", shop.time_zone) as answered_at
    from file_rows
    cross join settings.shop as shop
),

scales as (
    select
        *,
        case survey_type when 'CSAT' then 0 when 'NPS' then 0 when 'CES' then 1 end as scale_low,
        case survey_type when 'CSAT' then 2 when 'NPS' then 10 when 'CES' then 7 end as scale_high,
        case survey_type when 'CSAT' then 2 when 'NPS' then 9 when 'CES' then 5 end as satisfied_from
    from values_read
)

select
    line,
    record_id as answer_id,
    survey_name as survey,
    answered_at,
    given_score as score,
    scale_low,
    scale_high,
    satisfied_from,
    pseudonym(only_email) as email_hash,
    "hs_content" as comment,
    coalesce(
        case
            when record_id is null then 'Record ID, hs_object_id and hs_ingestion_id are all empty'
            when survey_name is null then 'hs_survey_name and hs_survey_id are both empty'
            when scale_high is null then 'hs_survey_type is not CSAT, NPS or CES: ' || coalesce("hs_survey_type", '')
            when coalesce(trim("hs_value"), '') = '' then 'hs_value is empty'
            when given_score < scale_low or given_score > scale_high
                then 'hs_value is outside the scale of ' || survey_type || ': ' || "hs_value"
            when coalesce(trim("hs_submission_timestamp"), '') = '' then 'hs_submission_timestamp is empty'
        end,
        unread_number('hs_value', "hs_value"),
        unread_instant('hs_submission_timestamp', "hs_submission_timestamp")
    ) as reject_reason
from scales
