"""Settings of what tells people how it is going."""

from typing import Annotated

from infra import naming
from infra.settings.section import Section, between

# Alarms look at periods of under an hour here, and at no more than a day of them ("PutMetricAlarm").
_LONGEST_S = 86_400


class AlarmSettings(Section):
    """Whom alarms tell, and when: a topic that is there, or one of the stack's that sends e-mail."""

    topic_arn: naming.TopicArn | None = None
    email: naming.EmailAddress | None = None
    oldest_message_seconds: Annotated[int, between(60, _LONGEST_S)] = 900
    upload_to_copied_seconds: Annotated[int, between(1, _LONGEST_S)] = 900
