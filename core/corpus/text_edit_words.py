"""Word lists of the rule-based text edits; English unless named otherwise."""

# words with little meaning of their own; no negations, since they matter
_STOP = """a about after again all also am an and any are as at be because been before being but by can
    could did do does doing down during each for from further had has have having he her here hers him his how i if in
    into is it its just me more most my of off on once only or other our out over own please same she should so some
    such than that the their them then there these they this those through to too under until up very was we were what
    when where which while who whom why will with would you your"""
STOP_WORDS = frozenset(_STOP.split())

CONTRACTIONS = {
    "can't": "cannot", "won't": "will not", "don't": "do not", "doesn't": "does not", "didn't": "did not",
    "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "haven't": "have not",
    "hasn't": "has not", "hadn't": "had not", "couldn't": "could not", "shouldn't": "should not",
    "wouldn't": "would not", "i'm": "I am", "i've": "I have", "i'll": "I will", "it's": "it is", "that's": "that is",
    "what's": "what is", "there's": "there is", "you're": "you are", "we're": "we are", "they're": "they are",
    "you've": "you have", "we've": "we have", "let's": "let us",
}  # fmt: skip

# interchangeable in most everyday sentences
SYNONYMS = {
    "also": "too", "answer": "reply", "assist": "help", "bad": "poor", "begin": "start", "big": "large",
    "broken": "damaged", "buy": "purchase", "cheap": "inexpensive", "correct": "right", "error": "mistake",
    "fast": "quick", "film": "movie", "fix": "repair", "get": "receive", "good": "fine", "great": "excellent",
    "happy": "glad", "hard": "difficult", "help": "assist", "important": "essential", "large": "big",
    "lovely": "beautiful", "money": "cash", "movie": "film", "need": "require", "new": "recent", "parcel": "package",
    "problem": "issue", "purchase": "buy", "quick": "fast", "quickly": "fast", "receive": "get", "reply": "answer",
    "show": "display", "small": "little", "start": "begin", "stop": "end", "terrible": "awful", "think": "believe",
    "try": "attempt", "use": "employ", "want": "wish", "wrong": "incorrect",
}  # fmt: skip

# verbs that "not" may follow, as a pattern
AUXILIARIES = "is|are|was|were|am|will|would|can|could|should|must|may|might|do|does|did|has|have|had"

_NUMBERS = "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty"
NUMBER_WORDS = tuple(_NUMBERS.split())

# typical openings and closings of messages
BEFORE = (
    "Hello, I hope this message finds you well.",
    "Dear team, I have been a customer for many years and write to you today about the following.",
    "Please note the message below, which was sent from the contact form of our website.",
)
AFTER = (
    "Thank you in advance and kind regards.",
    "This message and any attachments are confidential.",
    "Sent from my phone, please excuse any brevity.",
)
BEFORE_CHINESE = ("您好，打扰了。", "尊敬的客服，我想反映以下情况。")
AFTER_CHINESE = ("谢谢，祝您工作顺利。", "以上内容来自手机客户端。")
NEGATED_CHINESE = (("没有", "有"), ("不是", "是"), ("不", ""), ("没", ""))
AFFIRMED_CHINESE = (("是", "不是"), ("有", "没有"), ("会", "不会"), ("能", "不能"), ("很", "不"))

# the neighbors of each key of a QWERTY keyboard
KEYS = {
    "q": "wa", "w": "qeas", "e": "wrsd", "r": "etdf", "t": "ryfg", "y": "tugh", "u": "yihj", "i": "uojk",
    "o": "ipkl", "p": "ol", "a": "qwsz", "s": "weadzx", "d": "ersfxc", "f": "rtdgcv", "g": "tyfhvb", "h": "yugjbn",
    "j": "uihknm", "k": "iojlm", "l": "opk", "z": "asx", "x": "sdzc", "c": "dfxv", "v": "fgcb", "b": "ghvn",
    "n": "hjbm", "m": "jkn",
}  # fmt: skip
