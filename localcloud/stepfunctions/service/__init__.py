"""What the API is made of: requests judged, machines kept, executions described, lists in pages."""
