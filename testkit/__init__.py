"""What tests stand on: runner, real engines, factories, scripted outside parties. Not for the product."""
