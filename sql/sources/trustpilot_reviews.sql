-- Trustpilot service reviews, a CSV of Trustpilot Business.
-- loads: feedback
-- reads: csv
-- namespace: trustpilot
-- needs: Review Id, Review Created (UTC), Review Stars
-- One row per review, 1–5 stars. The reference id is what the shop gave with its invitation: usually the order's number.
-- The reviewer's name is not read; an organic review has no e-mail and is nobody's.
select
    line,
    "Review Id" as answer_id,
    'Trustpilot' as survey,
    "Review Created (UTC)" as answered_at,
    "Review Stars" as score,
    1 as scale_low,
    5 as scale_high,
    4 as satisfied_from,
    pseudonym(nullif(trim("Review User Email"), '')) as email_hash,
    coalesce(nullif(trim("Reference Id"), ''), nullif(trim("Reference Number"), '')) as order_id,
    concat_ws(': ', nullif(trim("Review Title"), ''), nullif(trim("Review Content"), '')) as comment,
    coalesce(
        case when coalesce(trim("Review Stars"), '') = '' then 'Review Stars is empty' end,
        unread_number('Review Stars', "Review Stars"), unread_instant('Review Created (UTC)', "Review Created (UTC)")
    ) as reject_reason
from file_rows
