"""What the demo journal talks of: small lists that sentences are put together from."""

PLACES = (
    "the harbour", "the old mill", "the river path", "the botanical garden", "the night market", "the hill above town",
    "the reading room", "the tram depot", "the long beach", "the allotment", "the bakery on the corner", "the chapel",
)  # fmt: skip
WEATHER = (
    "A clear, cold morning", "Rain since before breakfast", "Thick fog until noon", "The first warm day",
    "A dry wind from the east", "Low sun and long shadows", "Thunder in the afternoon", "A soft grey day",
)  # fmt: skip
DEEDS = (
    "walked to {place} and back", "repaired the blue bicycle", "planted beans beside the wall",
    "read until the lamp failed",
    "drew {place} from memory", "baked bread, and burnt only half of it", "wrote three letters and posted two",
    "swam, briefly", "sorted a box of old photographs", "practised the slow movement",
    "cleaned the boat with {friend}",
    "took the early train to {place}", "cooked fish soup for {friend}", "lost at chess to {friend}, twice",
)  # fmt: skip
THOUGHTS = (
    "I want to remember the light.", "Nothing needed doing, and so nothing was done.", "It cost less than I feared.",
    "Next time I shall take the longer way.", "I had forgotten how quiet it is there.", "{friend} laughed at that.",
    "The map was wrong, or I was.", "Half of it will keep until tomorrow.", "I slept badly and did not mind.",
    "There is a word for this, and I could not find it.", "It smelled of rain and cut grass.",
    "I should do this more often.",
)  # fmt: skip
TITLES = (
    "To {place}", "An afternoon at {place}", "With {friend}", "A letter from {friend}", "The blue bicycle", "Soup",
    "A slow day", "Early train", "What the map did not say", "Beans", "Notes on light", "A visit to {place}",
)  # fmt: skip
TAGS = ("walks", "garden", "food", "friends", "reading", "music", "boat", "letters", "weather", "travel", "bicycle")
REMARKS = (
    "I remember that day!", "Send me the recipe, please.", "You still owe me a game.", "It was longer than that.",
    "Next time I come along.", "The picture does not do it justice.", "Was it not **raining**?",
    "So it was you who took the map.",
)  # fmt: skip
FRIENDS = (
    ("Mara Lindqvist", "mara@example.org"),
    ("Tomás Rey", "tomas@example.org"),
    ("Hà Nguyễn", "ha@example.org"),
)
PICTURES = (
    "dawn",
    "harbour",
    "hills",
    "evening",
    "coast",
    "valley",
    "snow",
    "dunes",
    "lake",
    "dusk",
    "ridge",
    "moonrise",
)

VIETNAMESE = (
    ("Sáng ở Hội An",
     "Dậy sớm, đi bộ ra chợ mua rau và cá. Trời mát, đường còn vắng. Uống cà phê bên sông Hoài.", "Hội An"),
    ("Mưa đầu mùa", "Mưa từ trưa đến tối. Ở nhà nấu *phở* với Hà, nghe tiếng mưa trên mái tôn.", "mưa"),
    ("Thư gửi bà",
     "Viết cho bà một lá thư dài, kể chuyện vườn rau và con mèo mới. Bà thích chữ viết tay.", "gia đình"),
    ("Chuyến tàu đêm", "Tàu chạy dọc biển. Không ngủ được, ngồi nhìn đèn của những chiếc thuyền câu mực.", "du lịch"),
    ("Giỗ ông", "Cả nhà về đông đủ. Các cô gói bánh, trẻ con chạy quanh sân. Nhớ ông kể chuyện ngày xưa.", "gia đình"),
    ("Tết", "Hoa mai nở đúng ngày. Năm mới bình an.", "gia đình"),
)  # fmt: skip

TEXT_FILE = """Fish soup, for four

  500 g white fish, in large pieces
  2 onions, 2 carrots, 1 stalk of celery
  a tin of tomatoes
  a handful of parsley
  salt, pepper, a little saffron if there is any

Soften the vegetables slowly. Add the tomatoes and a litre of water, and let it be for half an hour.
The fish goes in last, and only for five minutes. Better on the second day.
"""
