-- Which of a unit's attempts it counts with, by their states: a matured one before an open one before an uncovered one.
-- arguments: state, of metrics.funnel_attempts
-- source: docs/definitions.md, Funnel: the headline counts each unit once
create macro state_rank(state) as
case state when 'matured' then 1 when 'open' then 2 else 3 end
