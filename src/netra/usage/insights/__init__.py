"""What changed and what comes: two periods compared, odd days with their cause, the weeks ahead.

`compare`, `anomalies` and `forecasting` are pure (sums in, statements out); `service` asks the typed query
for the sums. Must not know levers or agents. Invariant: price, volume and mix add up to the change to the
last digit.
"""
