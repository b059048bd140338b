"""The letters, the vectors they stand for, the assumptions and the numbers made of them."""
