-- Google reviews of a business: the reviews of the Business Profile API, page by page, or of a Takeout.
-- loads: feedback
-- reads: json
-- namespace: google_reviews
-- needs: starRating, createTime, reviewer
-- shape: {
--     "reviewId": "VARCHAR", "name": "VARCHAR", "starRating": "VARCHAR", "comment": "VARCHAR",
--     "createTime": "VARCHAR", "updateTime": "VARCHAR"}
-- One row per review, 1–5 stars, which Google writes in words. A review that was edited is the same review, in its newest
-- state. The reviewer's name is not read: a review is nobody's.
select
    line,
    coalesce(nullif(trim(r.reviewId), ''), regexp_extract(r.name, '([^/]+)$', 1)) as answer_id,
    'Google' as survey,
    r.createTime as answered_at,
    coalesce(list_position(['ONE', 'TWO', 'THREE', 'FOUR', 'FIVE'], upper(trim(r.starRating)))::text, r.starRating)
        as score,
    1 as scale_low,
    5 as scale_high,
    4 as satisfied_from,
    r.comment,
    r.updateTime as source_updated_at,
    case
        when coalesce(trim(r.starRating), '') in ('', 'STAR_RATING_UNSPECIFIED') then 'starRating is not given'
    end as reject_reason
from file_rows
