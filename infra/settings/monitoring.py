"""Settings of what tells people how it is going."""

from typing import Annotated

from infra import naming
from infra.settings.section import Section, between


class AlarmSettings(Section):
    """Whom alarms tell, and when. Those of CloudWatch look at whole minutes here, and at most at a day."""

    topic_arn: naming.TopicArn | None = None
    oldest_message_seconds: Annotated[int, between(60, 86_400)] = 900
