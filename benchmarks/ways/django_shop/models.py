"""The table `event`, as Django knows it."""

from typing import Any

from django.db import models

PERSON = 1


class JSON(models.JSONField):
    """Of a `json` column, which psycopg reads as what it holds already."""

    def from_db_value(self, value: Any, *rest: Any) -> Any:
        return super().from_db_value(value, *rest) if isinstance(value, str) else value


class OnePerson(models.Manager):
    """What `dumpdata` asks for the rows."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(person_id=PERSON)


class Event(models.Model):
    person_id = models.IntegerField()
    created_at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    place = models.CharField(max_length=40)
    body = models.TextField()
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    meta = JSON()
    objects = OnePerson()

    class Meta:
        managed = False
        db_table = "event"

    def __str__(self) -> str:
        return str(self.pk)
