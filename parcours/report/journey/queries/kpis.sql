-- One row per headline figure in the catalogue's order: the whole period, its halves, its to-be; nothing where it isn't measured.
-- A shop that sells by deals, with neither an export of orders nor purchase events, has no place for what needs orders.
select
    catalogue.kpi,
    catalogue.kpi_label as label, catalogue.denominator_name, catalogue.is_higher_better,
    cut_off.has_orders_by_events and catalogue.kpi in ('conversion', 'cart_abandonment', 'retention')
        as is_by_purchase_events,
    whole.numerator, whole.denominator, whole.open_count, whole.uncovered_count, whole.value, whole.low, whole.high, whole.target,
    is_small_cell(whole.denominator, shop.small_cell) as is_small,
    case when catalogue.is_higher_better then whole.value >= whole.target else whole.value <= whole.target end as is_target_met,
    halves.* exclude (kpi)
from settings.kpis as catalogue
cross join settings.shop as shop
left join metrics.kpis as whole on catalogue.kpi = whole.kpi and whole.period = 'all'
left join metrics.kpi_trend as halves on catalogue.kpi = halves.kpi
cross join metrics.cut_off as cut_off
where
    catalogue.is_headline
    and (
        catalogue.kpi not in ('conversion', 'cart_abandonment', 'retention')
        or cut_off.orders_until is not null
        or cut_off.deals_until is null
    )
    and (catalogue.kpi <> 'lead_conversion' or cut_off.deals_until is not null)
order by catalogue.kpi_position
