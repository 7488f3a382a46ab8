-- Olist reviews: one row per review of an order, 1–5. A review id may stand on several orders, and an order may have
-- several reviews: the answer is the pair.
-- loads: feedback
-- reads: csv
-- namespace: olist
-- needs: review_id, order_id, review_score, review_creation_date, review_answer_timestamp
with typed as (
    select
        file_rows.*,
        shop.time_zone,
        try_cast("review_score" as double) as score,
        try_cast(nullif("review_creation_date", '') as timestamp) as asked,
        try_cast(nullif("review_answer_timestamp", '') as timestamp) as answered
    from file_rows
    cross join settings.shop as shop
)

select
    line,
    "review_id" || ' ' || "order_id" as answer_id,
    'review' as survey,
    (asked at time zone time_zone) at time zone 'UTC' as asked_at,
    (answered at time zone time_zone) at time zone 'UTC' as answered_at,
    score,
    1 as scale_low,
    5 as scale_high,
    4 as satisfied_from,
    "order_id" as order_id,
    "review_comment_message" as comment,
    case
        when score is null then 'review_score is not a number: ' || coalesce("review_score", '')
        when answered is null then 'review_answer_timestamp is not a time: ' || coalesce("review_answer_timestamp", '')
    end as reject_reason
from typed
