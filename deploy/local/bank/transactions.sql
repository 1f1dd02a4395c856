-- 120,000 movements over the year before today. The seed makes each new bank the same but for the day it ends on.
select setseed(0.2024);

with drawn as materialized (
  select g as id, random() as which, random() as at, random() as what, random() as size, random() as who
  from generate_series(1, 120000) g
),
kinds (low, high, kind, category, sign, typical, parties) as (
  values
    (0.00, 0.24, 'card', 'groceries', -1, 28, array['Xəzər Market', 'Nar Bazaar', 'Green Basket', 'Abşeron Gross', 'Günəş Supermarket']),
    (0.24, 0.36, 'card', 'restaurants', -1, 22, array['Çinar Kafe', 'Old Town Grill', 'Şirvan Çay Evi', 'Blue Door Coffee']),
    (0.36, 0.45, 'card', 'transport', -1, 6, array['City Metro', 'Sürət Taksi', 'Caspian Fuel', 'Dəmir Yolu Kassa']),
    (0.45, 0.53, 'card', 'shopping', -1, 75, array['Odlar Elektronika', 'Bakı Kitab Evi', 'Silk Road Fashion', 'Evim Mebel']),
    (0.53, 0.58, 'card', 'health', -1, 40, array['Şəfa Aptek', 'Zəfəran Klinika', 'Dental Plus']),
    (0.58, 0.63, 'card', 'travel', -1, 210, array['Xəzər Air', 'Hotel Qız Qalası', 'Quba Resort']),
    (0.63, 0.70, 'transfer', 'utilities', -1, 45, array['Şəhər Su', 'İşıq Enerji', 'Mavi Qaz', 'NetLine Internet']),
    (0.70, 0.74, 'transfer', 'rent', -1, 520, array['Ev Sahibi MMC', 'Nizami Residence', 'Sea View Homes']),
    (0.74, 0.82, 'transfer', 'to a person', -1, 90, array['Family transfer', 'Friend transfer', 'Shared bill']),
    (0.82, 0.88, 'cash', 'cash withdrawal', -1, 110, array['ATM Nizami', 'ATM 28 May', 'ATM Gəncə Mall', 'ATM Sumqayıt']),
    (0.88, 0.90, 'fee', 'fee', -1, 2, array['Bank fee']),
    (0.90, 0.95, 'transfer', 'from a person', 1, 260, array['Family transfer', 'Friend transfer', 'Sale of goods']),
    (0.95, 1.01, 'salary', 'salary', 1, 1650, array['Odlar Holding', 'Caspian Logistics', 'Şəms Tekstil', 'Xəzər IT', 'State payroll'])
)
insert into transactions (id, account_id, booked_at, amount, currency, kind, category, counterparty, description)
select
  row_number() over (order by at),
  account.id,
  date_trunc('second', $1::date - interval '365 days' + at * interval '365 days'),
  kinds.sign * round((kinds.typical * (0.35 + 1.6 * size * size) + 0.01)::numeric, 2),
  account.currency,
  kinds.kind,
  kinds.category,
  kinds.parties[1 + floor(what * array_length(kinds.parties, 1))::int],
  initcap(kinds.kind) || ', ' || kinds.category
from drawn
join kinds on which >= low and which < high
-- a few accounts move much, most a little
join accounts account on account.id = 1 + floor(power(who, 1.6) * $2::int)::int;
