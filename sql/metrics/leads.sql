-- One row per lead: what sales may win, and when it did. A lead is a contact of the CRM, where journey.yaml has a rule for
-- `source: contacts`, and is won by the first deal of the person that is won at or after it; else a lead is a deal, from
-- its opening on, and is won by itself. A win before the lead is none of its own.
-- key: lead_id
with contact_leads as (
    select touchpoint_id, person_id, occurred_at
    from journeys.touchpoints
    where source = 'contacts'
),

wins as (
    select person_id, occurred_at
    from journeys.touchpoints
    where source = 'deals' and event_name = 'deal won'
),

leads as (
    select
        contact_leads.touchpoint_id as lead_id,
        contact_leads.person_id,
        contact_leads.occurred_at as led_at,
        min(wins.occurred_at) as won_at
    from contact_leads
    left join wins
        on contact_leads.person_id = wins.person_id and contact_leads.occurred_at <= wins.occurred_at
    group by contact_leads.touchpoint_id, contact_leads.person_id, contact_leads.occurred_at
    union all
    select
        deals.record_id,
        owned.person_id,
        deals.created_at,
        case when deals.is_won and deals.closed_at >= deals.created_at then deals.closed_at end
    from staging.deals as deals
    left join journeys.record_owners as owned on deals.record_id = owned.record_id
    where
        deals.created_at is not null
        and not exists (select 1 from settings.touchpoint_rules as rules where rules.source = 'contacts')
        and not exists (
            select 1 from journeys.screened_records as left_out
            where left_out.kind = 'deal' and left_out.row_id = deals.deal_id
        )
)

select
    leads.lead_id,              -- the contact's touchpoint, or the deal
    leads.person_id,            -- of journeys.people; null: a deal that names nobody
    leads.led_at,               -- UTC instant at which the contact was created or the deal opened
    leads.won_at,               -- UTC instant of the win; null: none yet
    cut_off.deals_until as known_until,  -- UTC instant until which wins are known
    coalesce(leads.led_at >= cut_off.deals_from, true) as is_covered,  -- wins are known from its beginning on
from leads
cross join metrics.cut_off as cut_off
where cut_off.deals_until is not null
