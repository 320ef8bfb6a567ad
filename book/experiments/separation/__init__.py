"""Page 10: which statistic tells a complementary view from one more seed."""
