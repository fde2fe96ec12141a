"""Lambda: functions in processes of their own under AWS's own runtime client, fed from their queues."""
