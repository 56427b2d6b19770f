"""What the test callers say."""

LITTER = "我们小区门口的垃圾堆了好几天没有人清理，味道特别大"
ROBBERY = "救命啊，有人抢劫，快点派警察过来"
PERSON = "转人工"
