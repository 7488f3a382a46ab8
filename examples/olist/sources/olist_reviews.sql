-- Olist reviews: one row per review of an order, 1–5. A review id may stand on several orders, and an order may have
-- several reviews: the answer is the pair.
-- loads: feedback
-- reads: csv
-- namespace: olist
-- needs: review_id, order_id, review_score, review_creation_date, review_answer_timestamp
select
    line,
    "review_id" || ' ' || "order_id" as answer_id,
    'review' as survey,
    read_instant("review_creation_date", shop.time_zone) as asked_at,
    read_instant("review_answer_timestamp", shop.time_zone) as answered_at,
    read_number("review_score") as score,
    1 as scale_low,
    5 as scale_high,
    4 as satisfied_from,
    "order_id" as order_id,
    "review_comment_message" as comment,
    coalesce(
        case
            when coalesce("review_score", '') = '' then 'review_score is empty'
            when coalesce("review_answer_timestamp", '') = '' then 'review_answer_timestamp is empty'
        end,
        unread_number('review_score', "review_score"),
        unread_instant('review_creation_date', "review_creation_date"),
        unread_instant('review_answer_timestamp', "review_answer_timestamp")
    ) as reject_reason
from file_rows
cross join settings.shop as shop
