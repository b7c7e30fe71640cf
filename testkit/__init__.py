"""What tests stand on: the runner, real engines, factories and scripted outside parties. Never imported by the product."""
