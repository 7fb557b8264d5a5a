/*
 * The invented utility: see sample_rules.h. Every choice is a draw from a hash of seed, household and what it is about.
 */
#include "app/billing/sample_rules.h"

#include <string.h>

#include "lib/money.h"

/* --- draws -------------------------------------------------------------------------------------------------------- */

typedef enum { ABOUT_KIND, ABOUT_NAME, ABOUT_ADDRESS, ABOUT_CONTACT, ABOUT_PEOPLE, ABOUT_PAYER, ABOUT_LIFE, ABOUT_METER,
               ABOUT_USE, ABOUT_READING, ABOUT_PAYMENT, ABOUT_CASE } About;

static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

typedef struct { uint64_t state; } Draw;

static Draw draw_of(uint64_t seed, int64_t i, About about, int m) {
    return (Draw){ mix(mix(seed * 0x2545f4914f6cdd1du + (uint64_t)about) ^ mix((uint64_t)i * 0xda942042e4dd58b5u
        + (uint64_t)(m + 1))) };
}

/* 0 to n - 1. */
static int draw(Draw *d, int n) {
    d->state = mix(d->state);
    return (int)((d->state >> 11) % (uint64_t)n);
}

static bool chance(Draw *d, int of_10000) { return draw(d, 10000) < of_10000; }

#define PICK(d, list) list[draw((d), (int)(sizeof list / sizeof *list))]

/* --- areas -------------------------------------------------------------------------------------------------------- */

/* To add one: its row; the number of rows is SAMPLE_AREAS. Positions are the middle of the area. */
const SampleArea sample_areas[SAMPLE_AREAS] = {
    { "DTN-PRL", "Pearl District",     "MET-DTN", "97209", "Portland",  "NW", 45531000, -122684000 },
    { "DTN-OLD", "Old Town",           "MET-DTN", "97209", "Portland",  "NW", 45520500, -122672000 },
    { "EAS-HAW", "Hawthorne",          "MET-EAS", "97214", "Portland",  "SE", 45512000, -122628000 },
    { "EAS-SEL", "Sellwood",           "MET-EAS", "97202", "Portland",  "SE", 45466000, -122651000 },
    { "GRE-CEN", "Central Gresham",    "EST-GRE", "97030", "Gresham",   "NE", 45500000, -122431000 },
    { "GRE-ROC", "Rockwood",           "EST-GRE", "97233", "Gresham",   "SE", 45522000, -122475000 },
    { "BEA-CEN", "Central Beaverton",  "WST-BEA", "97005", "Beaverton", "SW", 45487000, -122804000 },
    { "DTN-GOO", "Goose Hollow",       "MET-DTN", "97205", "Portland",  "SW", 45518000, -122693000 },
    { "DTN-SWF", "South Waterfront",   "MET-DTN", "97239", "Portland",  "SW", 45498000, -122671000 },
    { "DTN-NWD", "Northwest District", "MET-DTN", "97210", "Portland",  "NW", 45532000, -122701000 },
    { "DTN-HIL", "Hillside",           "MET-DTN", "97210", "Portland",  "NW", 45527000, -122717000 },
    { "DTN-SLA", "Slabtown",           "MET-DTN", "97209", "Portland",  "NW", 45538000, -122694000 },
    { "DTN-LIN", "Linnton",            "MET-DTN", "97231", "Portland",  "NW", 45592000, -122784000 },
    { "DTN-COR", "Corbett",            "MET-DTN", "97239", "Portland",  "SW", 45487000, -122676000 },
    { "DTN-HOM", "Homestead",          "MET-DTN", "97239", "Portland",  "SW", 45497000, -122690000 },
    { "DTN-BRI", "Bridlemile",         "MET-DTN", "97221", "Portland",  "SW", 45497000, -122730000 },
    { "DTN-HAY", "Hayhurst",           "MET-DTN", "97221", "Portland",  "SW", 45478000, -122734000 },
    { "DTN-MUL", "Multnomah",          "MET-DTN", "97219", "Portland",  "SW", 45468000, -122712000 },
    { "DTN-HSD", "Hillsdale",          "MET-DTN", "97239", "Portland",  "SW", 45478000, -122697000 },
    { "DTN-MAR", "Markham",            "MET-DTN", "97219", "Portland",  "SW", 45456000, -122700000 },
    { "EAS-BUC", "Buckman",            "MET-EAS", "97214", "Portland",  "SE", 45518000, -122652000 },
    { "EAS-KER", "Kerns",              "MET-EAS", "97232", "Portland",  "NE", 45527000, -122642000 },
    { "EAS-LAU", "Laurelhurst",        "MET-EAS", "97232", "Portland",  "NE", 45526000, -122626000 },
    { "EAS-SUN", "Sunnyside",          "MET-EAS", "97214", "Portland",  "SE", 45518000, -122626000 },
    { "EAS-RIC", "Richmond",           "MET-EAS", "97202", "Portland",  "SE", 45503000, -122626000 },
    { "EAS-WOO", "Woodstock",          "MET-EAS", "97206", "Portland",  "SE", 45479000, -122614000 },
    { "EAS-FOS", "Foster",             "MET-EAS", "97206", "Portland",  "SE", 45489000, -122592000 },
    { "EAS-MTT", "Mount Tabor",        "MET-EAS", "97215", "Portland",  "SE", 45512000, -122596000 },
    { "EAS-MON", "Montavilla",         "MET-EAS", "97216", "Portland",  "SE", 45519000, -122572000 },
    { "EAS-LEN", "Lents",              "MET-EAS", "97266", "Portland",  "SE", 45480000, -122567000 },
    { "EAS-BRE", "Brentwood",          "MET-EAS", "97206", "Portland",  "SE", 45468000, -122599000 },
    { "EAS-EAS", "Eastmoreland",       "MET-EAS", "97202", "Portland",  "SE", 45474000, -122630000 },
    { "EAS-BRO", "Brooklyn",           "MET-EAS", "97202", "Portland",  "SE", 45497000, -122650000 },
    { "EAS-IRV", "Irvington",          "MET-EAS", "97212", "Portland",  "NE", 45540000, -122649000 },
    { "EAS-ALA", "Alameda",            "MET-EAS", "97212", "Portland",  "NE", 45548000, -122632000 },
    { "EAS-GRA", "Grant Park",         "MET-EAS", "97212", "Portland",  "NE", 45541000, -122627000 },
    { "EAS-HOL", "Hollywood",          "MET-EAS", "97213", "Portland",  "NE", 45536000, -122617000 },
    { "EAS-ROS", "Rose City Park",     "MET-EAS", "97213", "Portland",  "NE", 45540000, -122601000 },
    { "EAS-CON", "Concordia",          "MET-EAS", "97211", "Portland",  "NE", 45563000, -122631000 },
    { "EAS-KEN", "Kenton",             "MET-EAS", "97217", "Portland",  "N",  45583000, -122690000 },
    { "EAS-STJ", "Saint Johns",        "MET-EAS", "97203", "Portland",  "N",  45590000, -122752000 },
    { "EAS-OVE", "Overlook",           "MET-EAS", "97217", "Portland",  "N",  45557000, -122694000 },
    { "GRE-NOR", "North Gresham",      "EST-GRE", "97030", "Gresham",   "NE", 45520000, -122437000 },
    { "GRE-NWE", "Northwest Gresham",  "EST-GRE", "97030", "Gresham",   "NW", 45509000, -122447000 },
    { "GRE-POW", "Powell Valley",      "EST-GRE", "97080", "Gresham",   "SE", 45488000, -122408000 },
    { "GRE-KEL", "Kelly Creek",        "EST-GRE", "97080", "Gresham",   "SE", 45481000, -122391000 },
    { "GRE-HOG", "Hogan Cedars",       "EST-GRE", "97080", "Gresham",   "SE", 45481000, -122425000 },
    { "GRE-GBU", "Gresham Butte",      "EST-GRE", "97080", "Gresham",   "SW", 45484000, -122444000 },
    { "GRE-PLE", "Pleasant Valley",    "EST-GRE", "97236", "Gresham",   "SE", 45468000, -122489000 },
    { "GRE-WIL", "Wilkes East",        "EST-GRE", "97230", "Gresham",   "NE", 45540000, -122488000 },
    { "GRE-CEN2", "Centennial",        "EST-GRE", "97233", "Gresham",   "SE", 45508000, -122494000 },
    { "GRE-TRO", "Troutdale Road",     "EST-GRE", "97060", "Gresham",   "NE", 45532000, -122393000 },
    { "BEA-VOS", "Vose",               "WST-BEA", "97008", "Beaverton", "SW", 45471000, -122799000 },
    { "BEA-GRE", "Greenway",           "WST-BEA", "97008", "Beaverton", "SW", 45459000, -122803000 },
    { "BEA-SEX", "Sexton Mountain",    "WST-BEA", "97007", "Beaverton", "SW", 45462000, -122832000 },
    { "BEA-HIG", "Highland",           "WST-BEA", "97005", "Beaverton", "SW", 45478000, -122817000 },
    { "BEA-WES", "West Beaverton",     "WST-BEA", "97006", "Beaverton", "SW", 45492000, -122839000 },
    { "BEA-FIV", "Five Oaks",          "WST-BEA", "97006", "Beaverton", "NW", 45531000, -122866000 },
    { "BEA-RAL", "Raleigh West",       "WST-BEA", "97225", "Beaverton", "SW", 45485000, -122760000 },
    { "BEA-CPK", "Central Park",       "WST-BEA", "97225", "Beaverton", "SW", 45503000, -122773000 },
};

/* --- names -------------------------------------------------------------------------------------------------------- */

static const char *const first_names[] = {
    "Ada", "Alma", "Amos", "Anika", "Arlo", "Asha", "Avery", "Basil", "Beata", "Bruno", "Callum", "Carmen", "Cato",
        "Celia", "Clara", "Cyrus", "Dahlia", "Dario", "Delia", "Dorian", "Edda", "Elias", "Elena", "Emil", "Esme",
    "Ezra", "Fern", "Felix", "Fiona", "Flora", "Gideon", "Greta", "Hazel", "Hugo", "Ida", "Imogen", "Ines", "Iris",
        "Ivo", "Jasper", "Jonah", "Josie", "Juno", "Kasia", "Keiko", "Lars", "Leona", "Linus", "Lucia", "Luz",
    "Mabel", "Magnus", "Malik", "Marisol", "Mateo", "Mina", "Mira", "Nadia", "Nestor", "Nico", "Noor", "Nora", "Odin",
        "Olive", "Omar", "Opal", "Orla", "Oscar", "Otto", "Paloma", "Petra", "Piers", "Priya", "Quinn", "Rafael",
    "Ravi", "Rhea", "Roman", "Rosa", "Rufus", "Sadie", "Selma", "Silas", "Simone", "Sofia", "Stella", "Sven", "Tamsin",
        "Tariq", "Tessa", "Theo", "Tilda", "Umberto", "Vera", "Viola", "Wanda", "Willa", "Xenia", "Yara", "Zora",
};
static const char *const surname_heads[] = {
    "Alder", "Ash", "Birch", "Black", "Bram", "Brook", "Cedar", "Clear", "Cold", "Crow", "Dale", "Dun", "East", "Elm",
        "Fair", "Fern", "Finch", "Fox", "Glen", "Gold", "Green", "Hart", "Hazel", "Heath", "High", "Holm", "Ivy",
    "Kings", "Lark", "Linden", "Long", "Maple", "Marsh", "Mill", "Moss", "North", "Oak", "Orch", "Pine", "Quarry",
        "Raven", "Red", "Rose", "Rush", "Sand", "Silver", "Stone", "Swan", "Thorn", "Vale", "Water", "West", "Willow",
        "Winter", "Wood", "Yew",
};
static const char *const surname_tails[] = { "acre", "bank", "bourne", "bridge", "brook", "by", "combe", "croft",
                                             "dale", "den", "field", "ford", "gate", "grove", "ham", "hurst", "land",
                                             "ley", "mead", "mere", "moor", "ridge", "shaw", "stead", "ton", "wall",
                                             "well", "wick", "worth", "yard" };
static const char *const trades[] = { "Bakery", "Brewing", "Cafe", "Car Wash", "Cleaners", "Dental", "Fitness",
                                      "Flowers", "Foods", "Furniture", "Gallery", "Garage", "Grill", "Hardware",
                                      "Hotel", "Laundry", "Market", "Nursery", "Offices", "Pharmacy", "Pizza",
                                      "Printing", "Salon", "School", "Storage", "Studios", "Tea House", "Tool Works" };
static const char *const streets[] = { "Alder St", "Ankeny St", "Birch Ave", "Clay St", "Couch St", "Davis St",
                                       "Division St", "Everett St", "Flanders St", "Glisan St", "Hoyt St", "Irving St",
                                       "Johnson St", "Kearney St", "Lovejoy St", "Main St",
                                       "Marshall St", "Mill St", "Morrison St", "Oak St", "Pine St", "Salmon St",
                                           "Stark St", "Taylor St", "Yamhill St" };

static char *lower(Arena *a, const char *s) {
    char *to = arena_copy(a, s);
    for (char *p = to; *p; p++) *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p == ' ' ? '.' : *p;
    return to;
}

static void name_it(Arena *a, SampleHome *h, uint64_t seed, int64_t i) {
    Draw d = draw_of(seed, i, ABOUT_NAME, 0);
    const char *surname = text(a, "%s%s", PICK(&d, surname_heads), PICK(&d, surname_tails));
    if (h->is_organization) {
        static const char *const forms[] = { "LLC", "Inc", "Co" };
        h->organization = text(a, "%s %s %s", surname, PICK(&d, trades), PICK(&d, forms));
    } else {
        h->first_name = PICK(&d, first_names);
        h->last_name = surname;
    }
}

static void contact_it(Arena *a, SampleHome *h, uint64_t seed, int64_t i) {
    Draw d = draw_of(seed, i, ABOUT_CONTACT, 0);
    bool has_email = h->is_organization || chance(&d, 8200);
    if (has_email) h->email = h->is_organization ? text(a, "office.%lld@consumers.example", (long long)i + 1)
        : text(a, "%s.%s.%lld@consumers.example", lower(a, h->first_name), lower(a, h->last_name), (long long)i + 1);
    static const char *const codes[] = { "503", "971", "458", "541" };
    memcpy(h->phone, text(a, "+1%s555%04lld", codes[i / 9999 % 4], (long long)(i * 7 % 9999)), 13);
    h->language = !h->is_organization && chance(&d, 900) ? "es" : "en";
    h->channel = has_email ? (chance(&d, 1500) ? "sms" : "email") : "letter";
    h->paper = !has_email || chance(&d, 2500);
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    /* odd factor: no two alike */
    uint64_t code = ((uint64_t)i * 0x9e3779b97fu + (seed & 0xffff) * 2654435761u) & 0xffffffffffu;
    for (int k = 0; k < 8; k++) h->portal_code[k] = letters[code >> (5 * k) & 31];
}

/* --- where -------------------------------------------------------------------------------------------------------- */

/* Areas share postal codes: each takes its own blocks of house numbers. */
static int areas_before(int area) {
    int n = 0;
    for (int k = 0; k < area; k++) n += !strcmp(sample_areas[k].postal_code, sample_areas[area].postal_code);
    return n;
}

/* The k-th household of its area: houses in street order, apartments eight to a building. No address twice. */
static void address_it(Arena *a, SampleHome *h, uint64_t seed, int64_t i) {
    h->area = (int)(i % SAMPLE_AREAS);
    const SampleArea *area = &sample_areas[h->area];
    int64_t k = i / SAMPLE_AREAS, group = k / 16, in_group = k % 16;
    bool is_apartment = in_group >= 12 && !h->is_commercial;
    Draw d = draw_of(seed, is_apartment ? h->area * 100000 + group + 1000000000 : i, ABOUT_ADDRESS, 0);
    int streets_n = (int)(sizeof streets / sizeof *streets) + 40;
    int64_t building = is_apartment ? group * 16 + 12 : k;
    int street = (int)((building + h->area * 7) % streets_n),
        block = ((area->postal_code[3] - '0') * 10 + area->postal_code[4] - '0') * 20;
    int64_t number = 100 + block + (int64_t)areas_before(h->area) * 700 + building / streets_n * 6 + draw(&d, 3) * 2
        + street % 2;
    const char *name = street < streets_n - 40 ? streets[street] : NULL;
    int avenue = street - (streets_n - 40) + 2 + h->area;
    const char *ending = avenue % 100 / 10 == 1 ? "th" : avenue % 10 == 1 ? "st" : avenue % 10 == 2
        ? "nd" : avenue % 10 == 3 ? "rd" : "th";
    h->line1 = name ? text(a, "%lld %s %s", (long long)number, area->quadrant, name) : text(a, "%lld %s %d%s Ave",
        (long long)number, area->quadrant, avenue, ending);
    if (is_apartment) h->unit = text(a, "Apt %lld", (long long)in_group - 11);
    h->lat_e6 = area->lat_e6 + draw(&d, 9000) - 4500;
    h->lng_e6 = area->lng_e6 + draw(&d, 14000) - 7000;
    h->premise_type = is_apartment ? "apartment" : !h->is_commercial ? "house" : h->is_large
        ? "industry" : chance(&d, 6000) ? "shop" : "office";
    h->is_multi_family = is_apartment;
}

/* --- the household ------------------------------------------------------------------------------------------------ */

static void live_it(SampleHome *h, uint64_t seed, int64_t i, int months) {
    Draw d = draw_of(seed, i, ABOUT_LIFE, 0);
    h->joined_month = months > 2 && chance(&d, 300) ? 1 + draw(&d, months - 2) : -1;
    h->joined_day = 1 + draw(&d, 28);
    h->years_here = 1 + draw(&d, 18);
    h->leak_month = chance(&d, 450) ? draw(&d, months) : -1;
    h->leak_months = 1 + draw(&d, 2);
    h->vacant_month = !h->is_commercial && chance(&d, 350) ? draw(&d, months) : -1;
    h->vacant_months = 1 + draw(&d, 4);
    Draw meter = draw_of(seed, i, ABOUT_METER, 0);
    h->exchange_month = months > 3 && h->joined_month < 0 && chance(&meter, 40) ? 1 + draw(&meter, months - 2) : -1;
    h->opening_index = h->joined_month >= 0 ? draw(&meter, 4) : 40 + (int64_t)h->years_here
        * (h->is_large ? 1900 : 70 + draw(&meter, 60)) + draw(&meter, 90);
    h->read_offset = h->area % 4;
}

static void pay_it(SampleHome *h, uint64_t seed, int64_t i) {
    Draw d = draw_of(seed, i, ABOUT_PAYER, 0);
    int n = draw(&d, 1000);
    h->payer = n < 180 ? PAYS_AUTOMATICALLY : n < 420 ? PAYS_EARLY : n < 820 ? PAYS_ON_TIME : n < 930
        ? PAYS_LATE : n < 955 ? PAYS_IN_PART : n < 985 ? PAYS_EVERY_OTHER : PAYS_NEVER;
    if (h->is_organization && h->payer == PAYS_NEVER) h->payer = PAYS_LATE;
}

SampleHome sample_home(Arena *a, uint64_t seed, int64_t i, int months) {
    SampleHome h = { 0 };
    Draw d = draw_of(seed, i, ABOUT_KIND, 0);
    bool is_someone = i < 2;                        /* the two with a portal sign-in are ordinary households */
    h.is_commercial = !is_someone && chance(&d, 800);
    h.is_organization = h.is_commercial && chance(&d, 9300);
    h.is_large = h.is_commercial && chance(&d, 1500);
    h.category = h.is_commercial ? "COM" : "RES";
    bool is_fixed = !is_someone && chance(&d, 700);
    h.plan = h.is_commercial ? (is_fixed && !h.is_large ? "COM-FIX" : "COM-VAR") : is_fixed ? "RES-FIX" : "RES-VAR";
    h.meter_model = h.is_large ? "WM50" : "WM15";
    h.size = h.is_large ? "2" : "5/8";
    name_it(a, &h, seed, i);
    contact_it(a, &h, seed, i);
    address_it(a, &h, seed, i);
    h.sub_category = h.is_commercial ? (h.is_large ? "LRG" : "SML") : h.is_multi_family ? "MFR" : "SFR";
    Draw people = draw_of(seed, i, ABOUT_PEOPLE, 0);
    static const int sizes[] = { 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6 };
    h.people = h.is_large ? 40 + draw(&people, 160) : h.is_commercial ? 3 + draw(&people, 16) : PICK(&people, sizes);
    if (h.is_multi_family && h.people > 3) h.people = 3;
    h.dwelling_units = 1;
    live_it(&h, seed, i, months);
    pay_it(&h, seed, i);
    if (is_someone) {
        h.joined_month = h.leak_month = h.vacant_month = h.exchange_month = -1;
        h.payer = i ? PAYS_ON_TIME : PAYS_EARLY;
    }
    return h;
}

/* --- water -------------------------------------------------------------------------------------------------------- */

int64_t sample_use_e3(const SampleHome *h, uint64_t seed, int64_t i, int m, int month, int days) {
    static const int garden_pct[] = { 0, 0, 0, 2, 12, 38, 80, 85, 45, 8, 0, 0 };
    if (h->vacant_month >= 0 && m >= h->vacant_month && m < h->vacant_month + h->vacant_months) return 0;
    Draw d = draw_of(seed, i, ABOUT_USE, m);
    Draw habit = draw_of(seed, i, ABOUT_USE, -1);
    int64_t per_day = (h->is_commercial ? 42 : 52) * (int64_t)h->people + 30;      /* about 38 gallons a person */
    per_day = per_day * (70 + draw(&habit, 61)) / 100;
    if (!h->is_commercial && !h->is_multi_family)
        per_day += per_day * garden_pct[month - 1] / 100 * (20 + draw(&habit, 100)) / 100;
    per_day = per_day * (88 + draw(&d, 25)) / 100;
    int64_t use = per_day * days;
    bool leaks = h->leak_month >= 0 && m >= h->leak_month && m < h->leak_month + h->leak_months;
    if (leaks) use += (180 + draw(&habit, 700)) * (int64_t)days;
    return use;
}

/* --- readings ----------------------------------------------------------------------------------------------------- */

static bool no_access_drawn(uint64_t seed, int64_t i, int m) {
    Draw d = draw_of(seed, i, ABOUT_READING, m);
    return chance(&d, 180);
}

SampleReading sample_reading(const SampleHome *h, uint64_t seed, int64_t i, int m, int months) {
    bool can = m > 0 && m < months - 1 && m != h->exchange_month && m != h->exchange_month + 1
        && m > h->joined_month + 1 && i > 1;
    if (can && no_access_drawn(seed, i, m) && !no_access_drawn(seed, i, m - 1)) return SAMPLE_NO_ACCESS;
    Draw d = draw_of(seed, i, ABOUT_READING, m + 1000);
    return chance(&d, 120) ? SAMPLE_SELF_READ : SAMPLE_READ;
}

int sample_read_minute(uint64_t seed, int64_t i, int m) {
    Draw d = draw_of(seed, i, ABOUT_READING, m + 2000);
    return 8 * 60 + draw(&d, 9 * 60);
}

/* --- money -------------------------------------------------------------------------------------------------------- */

static void way_of(Draw *d, const SampleHome *h, SamplePayment *p) {
    int n = h->payer == PAYS_AUTOMATICALLY ? 0 : draw(d, 100);
    if (n < 52) p->channel = "portal", p->mode = "card_online";
    else if (n < 70) p->channel = "portal", p->mode = "bank_transfer";
    else if (n < 80) p->channel = "call", p->mode = "card_online";
    else p->channel = "bank", p->mode = "bank_transfer";
}

int sample_payments(const SampleHome *h, uint64_t seed, int64_t i, int m, Money due, int due_days,
                    SamplePayment to[2]) {
    if (due.minor <= 0 || h->payer == PAYS_NEVER) return 0;
    Draw d = draw_of(seed, i, ABOUT_PAYMENT, m);
    to[0] = (SamplePayment){ .amount = due };
    switch (h->payer) {
    case PAYS_AUTOMATICALLY: to[0].days = due_days; break;
    case PAYS_EARLY:   to[0].days = 1 + draw(&d, 9); break;
    case PAYS_ON_TIME: to[0].days = due_days - draw(&d, 12); break;
    case PAYS_LATE:    to[0].days = due_days + 3 + draw(&d, 40); break;
    case PAYS_IN_PART: to[0].days = due_days - draw(&d, 5), to[0].amount = money_ratio(due, 30 + draw(&d, 50), 100,
        ROUND_HALF_UP); break;
    case PAYS_EVERY_OTHER:
        if (m % 2) return 0;
        to[0].days = due_days + draw(&d, 10);
        break;
    case PAYS_NEVER: return 0;
    }
    way_of(&d, h, &to[0]);
    if (due.minor < 20000 || h->payer == PAYS_IN_PART || !chance(&d, 400)) return to[0].amount.minor >= 100;
    to[1] = to[0];                                  /* two halves, a few days apart */
    to[0].amount = money_share(due, 0, 2);
    to[1].amount = money_share(due, 1, 2);
    to[1].days += 4 + draw(&d, 9);
    return 2;
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

static const SampleComplaint complaints[] = {
    { "BILL-HIGH",   "Bill is much higher than usual",
      "My bill is far above what we usually pay. Nothing has changed in our home.",            "portal",
      "The reading was checked on site and is right. A running toilet was found.", 0, false },
    { "BILL-WRONG",  "Reading on the bill looks wrong",
      "The reading printed on my bill is not what the meter shows.",                          "call",
      "A special reading confirmed the index on the bill.",                       0, false },
    { "PAY-MISSING", "Payment is not shown",                 "I paid by transfer more than a week ago "
                                                             "and it is not on my account.",                 "call",
      "The transfer had no account number; it was found and assigned.",           0, false },
    { "SUP-PRESS",   "Low pressure in the morning",          "Since last week there is hardly any pressure "
                                                             "between 6 and 8 in the morning.",         "portal",
      "A valve in the street was half closed after works. It is open again.",     0, false },
    { "LEAK",        "Water at the meter box",               "The meter box is full of water "
        "and the lawn around it is wet.",                        "call",    "The joint at the meter was renewed.",
      0, false },
    { "QUAL",        "Brown water",                          "Our water is brown when it has not run for some hours.",
      "counter", "The main was flushed; samples taken afterwards are in order.",             0, false },
    { "METER",       "Meter does not move",
      "The dial of our meter stands still even when the tap is open.",                        "field",
      "The meter was tested and works. The tap is on the neighbour's line.",      0, false },
    { "PORTAL",      "Cannot see my bills online",           "After signing in I see only the newest bill.",
      "email",   "Older bills are under Bills, year by year.",                               0, false },
};

bool sample_complaint(const SampleHome *h, uint64_t seed, int64_t i, int m, int months, SampleComplaint *to) {
    Draw d = draw_of(seed, i, ABOUT_CASE, m);
    bool leaks = h->leak_month >= 0 && m == h->leak_month + 1;
    if (m <= h->joined_month || !chance(&d, leaks ? 2500 : 18)) return false;
    *to = leaks ? complaints[0] : PICK(&d, complaints);
    to->day = 1 + draw(&d, 27);
    to->is_open = m >= months - 2 && chance(&d, 6000);
    return true;
}
