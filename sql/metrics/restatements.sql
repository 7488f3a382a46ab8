-- One row per figure, shop day and cause: how a value moved that the last report had as matured.
-- Compared are the attempts of then and now, of days whose attempts were all over in that report (metrics.kpi_cut_off).
-- Each attempt that moved has one cause, the first that holds of the person whose it was or is: late rows (a row that
-- arrived since, of a time that was reported), restated orders and restated records (answers, tickets, deals, contacts:
-- a newer row of one that was there; the first export of orders where purchase events stood for them), identity links,
-- screening; of its day an outage that was found or is none; known span (an export of another source, or one that begins
-- earlier: what is known, and so measured, is another span than then); exchange rates; files taken back, rows older than they are kept; settings; SQL. Of a day's move what no attempt explains, is of
-- people who were forgotten since: their attempts left that report too. So the causes of a day add up to its move.
-- Empty where nothing moved; where there was no report before, metrics.report_before says so.
-- key: kpi, happened_on, cause
create table metrics.restatements (
    kpi text,                   -- of settings.kpis
    happened_on date,           -- shop day
    cause text,                 -- late rows, restated orders, restated records, identity links, screening, outage days, known span, exchange rates, files taken back, rows no longer kept, settings, SQL, forgotten people or not explained
    attempt_count bigint,       -- attempts that moved, came or went by it; of people who were forgotten, none is left to count
    numerator_change double,    -- what it adds to the day's numerator
    denominator_change bigint,  -- what it adds to the day's denominator
    value_before double,        -- the day's figure in the last report, the same for all causes; null: it had none
    value_now double            -- the day's figure now; null: it has none
)
