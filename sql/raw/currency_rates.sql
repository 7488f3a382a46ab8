-- One row per rate of a currency, of journey.yaml or of the CSV that it names.
create table raw.currency_rates (
    currency text,              -- ISO 4217, another than the shop's
    day date,                   -- shop day from which it holds; null: from the beginning
    rate double                 -- of the shop's currency for one of it
)
