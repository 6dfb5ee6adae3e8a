"""The door for Celery: every task. Services are called, and rung for whom they name.

Arguments are ids and numbers, never objects. The last three are the manual's examples.
"""

import time

from celery import Task, shared_task

from app import outbox
from app.archives import making, reconciling, sharing
from app.broker import queues
from app.config import LARGE_QUEUE, MAIL_QUEUE, QUEUE
from app.journal import attachments
from app.mails import sending


@shared_task
def generate_user_archive(user_id: str) -> None:
    if making.generate(user_id) and queues.count_room(LARGE_QUEUE):
        generate_large_archive.delay(user_id)


@shared_task
def generate_large_archive(user_id: str) -> None:
    making.generate(user_id, large=True, ring=make_archive_piece.delay)


@shared_task
def make_archive_piece(archive_id: str) -> None:
    if sharing.make_piece(archive_id):
        make_archive_piece.delay(archive_id)


@shared_task
def reconcile_archives() -> None:
    for user_id in reconciling.reconcile_in_turn(queues.count_room(QUEUE)):
        generate_user_archive.delay(user_id)


@shared_task(soft_time_limit=outbox.LEASE_SECONDS - 30, time_limit=outbox.LEASE_SECONDS - 10)
def send_mail(mail_id: str) -> None:
    sending.send(mail_id)


@shared_task
def reconcile_mails() -> None:
    for mail_id in sending.reconcile(queues.count_room(MAIL_QUEUE)):
        send_mail.delay(mail_id)


@shared_task
def forget_old_mails() -> None:
    sending.forget_old()


@shared_task
def sweep_uploads() -> None:
    attachments.sweep_uploads()


@shared_task(ignore_result=False)
def add_together(a: int, b: int) -> int:
    return a + b


@shared_task(ignore_result=False)
def block() -> None:
    time.sleep(5)


@shared_task(bind=True, ignore_result=False)
def process(self: Task, total: int) -> dict[str, int]:
    """Count to `total`, a step a second, and tell the result backend after each."""
    for i in range(total):
        self.update_state(state="PROGRESS", meta={"current": i + 1, "total": total})
        time.sleep(1)
    return {"current": total, "total": total}
