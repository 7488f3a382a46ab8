-- Why orders have no event
select
    {'capital': cause} as "Cause",
    order_count as "Orders",
    order_share as "Share of those without",
    {
        'told': case cause
            when 'other channel' then 'placed at a till, by phone …: not compared'
            when 'beyond the cut-off' then 'before the first event, or after the last: not compared'
            when 'outage' then 'tracking was down that day'
            when 'device never seen' then 'no event at all of the person: no consent, a blocker, or nothing in common'
            when 'payment redirect' then 'went to the checkout, and never came back from paying'
            else 'was seen, and nothing says why'
        end
    } as "What it means"
from metrics.unmatched_causes
order by list_position(
    ['other channel', 'beyond the cut-off', 'outage', 'device never seen', 'payment redirect', 'unknown'], cause
)
