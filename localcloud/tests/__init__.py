"""The local cloud's own tests, which import nothing of the product. Its README says how to run them."""
