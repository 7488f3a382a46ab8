-- One row per motivation, question or obstacle of journey.yaml, with what the figures say of it where it names a friction
-- signal: of those who met the signal in that stage, how many more dropped than of the others at the same point of their
-- path (metrics.pain_points). Supported: that difference is told, and they dropped more. Contradicted: nobody met it, or its
-- whole interval is below zero. What names no signal, as a motivation, is neither: nothing was compared.
-- key: position
select
    words.position,             -- in journey.yaml
    words.stage,                -- of settings.stages
    words.kind,                 -- motivation, question or obstacle
    words.said,                 -- in the words of journey.yaml
    words.persona,              -- whose it is; null: everybody's
    words.signal,               -- friction that would show it; null: nothing does
    case when words.signal is not null then coalesce(points.person_count, 0) end as person_count,  -- who met it there
    points.compared_count,      -- journeys that met it while the stage was as far as they had come
    points.compared_rate,       -- share of them that dropped
    points.comparable_rate,     -- share of the others that did
    points.difference,          -- of the two shares
    points.difference_low,      -- 95 % interval
    points.difference_high,     -- 95 % interval
    case
        when words.signal is null then null
        when coalesce(points.person_count, 0) = 0 then 'contradicted'
        when points.is_told and points.difference > 0 then 'supported'
        when points.difference_high < 0 then 'contradicted'
        else 'too little to tell'
    end as evidence             -- supported, contradicted or too little to tell; null: it names no signal
from settings.stage_words as words
left join metrics.pain_points as points on words.stage = points.stage and words.signal = points.signal
