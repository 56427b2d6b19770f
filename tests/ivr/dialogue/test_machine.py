"""The dialogue by behaviour: what a caller does, and what is asked of the call in answer."""

import pytest

from ivr.dialogue import State, phrases
from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from ivr.dialogue.steps import YES_NO
from ivr.names import Action as Handover
from routing.decision import EmergencyLevel
from tests.fakes.routing import CERTAIN, LAMP, NOISE, POSSIBLE, ROAD, a_decision
from tests.ivr.dialogue.conversation import Conversation, heard, in_state, leave_of, said, saves

NUMBER = "261122010001"
LIVE = [state for state in State if state is not State.LEFT]
ASKING = [State.LISTEN, State.CLARIFY, State.PLACE, State.CONFIRM, State.MORE, State.EMERGENCY]


def test_a_call_begins_with_the_greeting_and_an_open_ear() -> None:
    talk = in_state(State.NEW)
    assert talk.dialogue.step(ev.Started()) == (act.Say((phrases.GREETING,)), act.Listen(None))
    assert talk.state is State.LISTEN


def test_a_voice_cuts_the_greeting() -> None:
    assert Conversation().dialogue.step(ev.SpeechOnset()) == (act.Hush(),)


def test_the_time_to_begin_runs_from_the_end_of_what_is_said() -> None:
    talk = Conversation(no_input_seconds=4.0)
    assert talk.dialogue.step(ev.SayingDone()) == (act.ExpectSpeech(4.0),)


def test_the_end_of_a_prompt_hurries_nobody_who_is_speaking() -> None:
    talk = Conversation()
    talk.dialogue.step(ev.SpeechOnset())
    assert talk.dialogue.step(ev.SayingDone()) == ()


# Keys.


@pytest.mark.parametrize("state", LIVE)
def test_key_9_bridges_to_110_in_every_state(state: State) -> None:
    actions = in_state(state).press("9")
    assert actions[0] == act.Alert("emergency")
    assert leave_of(actions) == act.Leave(Handover.EMERGENCY, "110", "key")


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.fault("F64")
def test_key_0_gives_a_person_in_every_state(state: State) -> None:
    assert leave_of(in_state(state).press("0")) == act.Leave(Handover.AGENTS, "", "key-0")


@pytest.mark.parametrize("state", LIVE)
def test_key_8_gives_the_special_line_in_every_state(state: State) -> None:
    assert leave_of(in_state(state).press("8")) == act.Leave(Handover.ONESHOT, "special", "key-8")


def test_key_8_does_nothing_where_there_is_no_special_line() -> None:
    assert Conversation(special_line=False).press("8") == ()


@pytest.mark.parametrize("state", ASKING)
def test_the_star_says_the_question_again(state: State) -> None:
    talk = in_state(state)
    actions = talk.press("*")
    assert actions[0] == act.Hush()
    assert said(actions)
    assert isinstance(actions[-1], act.Listen)
    assert talk.state is state
    assert talk.press("*") == actions


@pytest.mark.parametrize("state", LIVE)
def test_the_hash_finishes_an_utterance(state: State) -> None:
    talk = in_state(state)
    talk.dialogue.step(ev.SpeechOnset())
    assert talk.press("#") == (act.FinishUtterance(),)


def test_the_hash_passes_the_question_for_the_place_by() -> None:
    talk = in_state(State.PLACE)
    assert phrases.CONFIRM in said(talk.press("#"))
    assert talk.state is State.CONFIRM


@pytest.mark.parametrize("state", [state for state in State if state is not State.EMERGENCY])
@pytest.mark.parametrize("key", list("1234567"))
def test_no_digit_that_answers_a_question_can_call_the_police(state: State, key: str) -> None:
    leave = leave_of(in_state(state).press(key))
    assert leave is None or leave.handover is not Handover.EMERGENCY


@pytest.mark.parametrize("key", list("34567"))
def test_only_yes_and_no_answer_the_question_about_danger(key: str) -> None:
    assert in_state(State.EMERGENCY).press(key) == ()


@pytest.mark.parametrize("key", ["A", "D", "", "99", "x"])
@pytest.mark.fault("F38")
def test_keys_that_no_telephone_has_mean_nothing(key: str) -> None:
    assert in_state(State.CONFIRM).press(key) == ()


# Danger.


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.fault("F70")
def test_certain_danger_in_a_partial_bridges_at_once_in_every_state(state: State) -> None:
    talk = in_state(state)
    actions = talk.partial("有人抢劫", CERTAIN)
    assert leave_of(actions) == act.Leave(Handover.EMERGENCY, "110", "robbery")
    unsaved = talk.dialogue.unsaved()
    assert state is State.SAVE or (unsaved and unsaved.text.endswith("有人抢劫"))


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.fault("F70")
def test_certain_danger_in_an_utterance_bridges_in_every_state(state: State) -> None:
    actions = in_state(state).say("救命有人抢劫", emergency=CERTAIN)
    leave = leave_of(actions)
    assert leave is not None
    assert leave.handover is Handover.EMERGENCY


@pytest.mark.parametrize("state", [State.LISTEN, State.CLARIFY, State.PLACE, State.CONFIRM, State.MORE])
@pytest.mark.fault("F71")
def test_possible_danger_alerts_and_asks_one_question(state: State) -> None:
    talk = in_state(state)
    actions = talk.say("楼下好像在打架", emergency=POSSIBLE)
    assert act.Alert("possible-emergency") in actions
    assert said(actions) == (phrases.EMERGENCY_QUESTION,)
    assert act.Listen(YES_NO) in actions
    assert talk.state is State.EMERGENCY


def test_possible_danger_in_partials_alerts_once_and_asks_nothing_yet() -> None:
    talk = Conversation()
    assert talk.partial("打架", POSSIBLE) == (act.Alert("possible-emergency"),)
    assert talk.partial("打架了", POSSIBLE) == ()
    assert act.Alert("possible-emergency") not in talk.say("打架了", emergency=POSSIBLE)


@pytest.mark.parametrize("answer", ["对", "是的", "要", "报警"])
def test_yes_to_danger_bridges(answer: str) -> None:
    leave = leave_of(in_state(State.EMERGENCY).mumble(answer))
    assert leave == act.Leave(Handover.EMERGENCY, "110", "fight")


def test_key_1_after_the_question_about_danger_bridges() -> None:
    leave = leave_of(in_state(State.EMERGENCY).press("1"))
    assert leave == act.Leave(Handover.EMERGENCY, "110", "fight")


@pytest.mark.parametrize("answer", ["不是", "没有", "部队", "2"])
@pytest.mark.fault("F71")
def test_no_to_danger_goes_on_with_what_was_said(answer: str) -> None:
    talk = in_state(State.EMERGENCY)
    actions = talk.press("2") if answer == "2" else talk.mumble(answer)
    assert talk.state is State.CONFIRM
    assert phrases.CONFIRM in said(actions)


def test_denied_danger_is_not_asked_about_again() -> None:
    talk = in_state(State.EMERGENCY)
    talk.mumble("不是")
    talk.mumble("不对")
    talk.say("还是打架的事", emergency=POSSIBLE)
    assert talk.state is State.CONFIRM


def test_unclear_about_danger_is_asked_once_more_and_then_a_person_answers() -> None:
    talk = in_state(State.EMERGENCY)
    assert said(talk.mumble("我不知道怎么说")) == (phrases.EMERGENCY_QUESTION,)
    assert leave_of(talk.mumble("那个那个")) == act.Leave(Handover.AGENTS, "", "possible-emergency")


def test_silence_after_the_question_about_danger_brings_a_person() -> None:
    assert leave_of(in_state(State.EMERGENCY).silence()) == act.Leave(Handover.AGENTS, "", "possible-emergency")


# A person.


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.parametrize("text", ["转人工", "人工", "我要找人工"])
@pytest.mark.fault("F64")
def test_asking_for_a_person_works_the_first_time_in_every_state(state: State, text: str) -> None:
    assert leave_of(in_state(state).mumble(text)) == act.Leave(Handover.AGENTS, "", "asked-for-person")


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.fault("F64")
def test_an_unmistakable_partial_is_enough_to_get_a_person(state: State) -> None:
    assert leave_of(in_state(state).partial("我要转人工")) == act.Leave(Handover.AGENTS, "", "asked-for-person")


@pytest.mark.fault("F64")
def test_a_story_about_an_artificial_lake_is_a_story() -> None:
    talk = Conversation()
    talk.partial("人工湖")
    talk.say("人工湖的水发臭了")
    assert talk.state is State.CONFIRM


# Silence and not being understood.


@pytest.mark.fault("F59")
def test_silence_is_prompted_twice_and_then_a_person_comes() -> None:
    talk = Conversation()
    assert said(talk.silence()) == (phrases.NO_INPUT[0],)
    assert said(talk.silence()) == (phrases.NO_INPUT[1],)
    assert leave_of(talk.silence()) == act.Leave(Handover.AGENTS, "", "silent-call")


@pytest.mark.fault("F59")
def test_the_policy_can_leave_a_silent_caller_to_the_recording() -> None:
    talk = Conversation(silent_call_to_person=False)
    talk.silence()
    talk.silence()
    assert leave_of(talk.silence()) == act.Leave(Handover.FALLBACK, "", "silent-call")


def test_not_being_understood_is_prompted_twice_and_then_a_person_comes() -> None:
    talk = Conversation()
    assert said(talk.mumble()) == (phrases.NO_MATCH[0],)
    assert said(talk.mumble()) == (phrases.NO_MATCH[1],)
    assert leave_of(talk.mumble()) == act.Leave(Handover.AGENTS, "", "not-understood")


def test_silence_and_not_being_understood_are_counted_apart() -> None:
    talk = Conversation()
    for _ in range(2):
        assert leave_of(talk.silence()) is None
        assert leave_of(talk.mumble()) is None
    assert talk.state is State.LISTEN
    assert leave_of(talk.silence()) is not None


def test_silence_is_no_silence_while_the_caller_speaks() -> None:
    talk = Conversation()
    talk.dialogue.step(ev.SpeechOnset())
    assert talk.silence() == ()


def test_silence_while_the_request_is_being_saved_means_nothing() -> None:
    assert in_state(State.SAVE).silence() == ()


@pytest.mark.parametrize("act_of_the_caller", ["*", "2"])
def test_whoever_is_cut_off_by_a_key_is_waited_for_again(act_of_the_caller: str) -> None:
    """A new `Listen` gives the utterance in progress up, so its end is never heard."""
    talk = in_state(State.CONFIRM)
    talk.dialogue.step(ev.SpeechOnset())
    talk.press(act_of_the_caller)
    assert any(isinstance(each, act.ExpectSpeech) for each in talk.dialogue.step(ev.SayingDone()))


# Clarifying.


def test_an_unclear_matter_is_asked_for_once_in_other_words() -> None:
    talk = Conversation()
    assert said(talk.say("那个东西坏了", None)) == (phrases.NO_MATCH[-1],)
    assert talk.state is State.LISTEN


def test_still_unclear_offers_the_three_likeliest_by_name() -> None:
    talk = Conversation()
    talk.say("那个东西坏了", None)
    words = said(talk.say("就是坏了", None))
    assert words[0] == phrases.CLARIFY
    assert [word for word in words if word.startswith("category/")] == [
        "category/waste",
        "category/lamp",
        "category/noise",
    ]
    assert words[-1] == phrases.OPTION_NONE


@pytest.mark.parametrize("answer", ["2", "第二个", "二"])
def test_an_option_is_taken_by_key_or_by_word(answer: str) -> None:
    talk = in_state(State.CLARIFY)
    actions = talk.press(answer) if answer.isascii() else talk.mumble(answer)
    assert talk.state is State.CONFIRM
    assert f"category/{LAMP.id}" in said(actions)


@pytest.mark.parametrize("answer", ["4", "不是", "没有"])
def test_no_option_fits_brings_a_person(answer: str) -> None:
    talk = in_state(State.CLARIFY)
    actions = talk.press(answer) if answer.isascii() else talk.mumble(answer)
    assert leave_of(actions) == act.Leave(Handover.AGENTS, "", "no-option-fits")


@pytest.mark.parametrize("key", ["5", "6", "7"])
def test_a_key_without_an_option_means_nothing(key: str) -> None:
    assert in_state(State.CLARIFY).press(key) == ()


def test_other_words_instead_of_an_option_are_taken() -> None:
    talk = in_state(State.CLARIFY)
    talk.say("是工地晚上很吵", NOISE)
    assert talk.state is State.CONFIRM
    assert talk.dialogue.request.category == NOISE


def test_without_anything_to_offer_a_person_comes() -> None:
    talk = Conversation()
    talk.say("嘟嘟", None, candidates=())
    assert leave_of(talk.say("嘟嘟嘟", None, candidates=())) == act.Leave(Handover.AGENTS, "", "not-classified")


# Place.


def test_the_place_is_asked_for_once_when_it_is_needed() -> None:
    talk = Conversation()
    assert said(talk.say("垃圾没人清理", needs_place=True)) == (phrases.ASK_PLACE,)
    talk.mumble()
    assert talk.state is State.CONFIRM


def test_a_place_that_was_said_is_not_asked_for() -> None:
    talk = Conversation()
    words = said(talk.say("解放路垃圾没人清理", needs_place=True, places=(ROAD,)))
    assert f"place/{ROAD.id}" in words
    assert talk.state is State.CONFIRM


def test_a_known_place_is_read_back_by_name() -> None:
    talk = in_state(State.PLACE)
    words = said(talk.say("在解放路", places=(ROAD,)))
    assert words[-3:] == (phrases.CONFIRM_PLACE, f"place/{ROAD.id}", phrases.CONFIRM)


def test_a_place_nobody_knows_is_kept_in_the_callers_words() -> None:
    talk = in_state(State.PLACE)
    words = said(talk.mumble("老王家隔壁"))
    assert phrases.CONFIRM_PLACE_NOTED in words
    assert talk.dialogue.request.place_words == "老王家隔壁"


def test_silence_after_the_question_for_the_place_goes_on_without() -> None:
    talk = in_state(State.PLACE)
    assert phrases.CONFIRM_NO_PLACE in said(talk.silence())


# Read-back and correction.


def test_the_category_is_read_back_with_a_question() -> None:
    words = said(Conversation().say("垃圾没人清理"))
    assert words == (phrases.CONFIRM_CATEGORY, "category/waste", phrases.CONFIRM)


@pytest.mark.parametrize("answer", ["1", "对", "是的", "堆"])
def test_yes_saves_the_whole_request(answer: str) -> None:
    talk = in_state(State.CONFIRM)
    actions = talk.press(answer) if answer.isascii() else talk.mumble(answer)
    (save,) = saves(actions)
    assert save.completeness.value == "complete"
    assert save.request.text == "垃圾没人清理"


@pytest.mark.parametrize("answer", ["2", "不对", "部队"])
def test_no_goes_back_one_step(answer: str) -> None:
    talk = in_state(State.CONFIRM)
    actions = talk.press(answer) if answer.isascii() else talk.mumble(answer)
    assert said(actions) == (phrases.CORRECT_WHAT,)
    assert talk.state is State.LISTEN
    assert talk.dialogue.matter == ""
    assert talk.dialogue.request.text == "垃圾没人清理"


def test_a_correction_in_the_same_breath_is_read_back_at_once() -> None:
    talk = in_state(State.CONFIRM)
    words = said(talk.say("不是，是路灯不亮", LAMP))
    assert "category/lamp" in words
    assert talk.dialogue.request.earlier_versions == ("垃圾清运",)
    assert talk.dialogue.matter == "不是，是路灯不亮"


@pytest.mark.fault("F67")
def test_three_corrections_bring_a_person_with_all_versions() -> None:
    talk = Conversation()
    for category in (None, LAMP, NOISE):
        talk.say("不是，是别的事情", category) if category else talk.say("垃圾没人清理")
    assert talk.state is State.CONFIRM
    assert leave_of(talk.mumble("不对")) == act.Leave(Handover.AGENTS, "", "corrected-often")
    unsaved = talk.dialogue.unsaved()
    assert unsaved
    assert unsaved.earlier_versions == ("垃圾清运", "路灯故障", "施工噪声")


def test_an_unclear_answer_hears_the_read_back_again() -> None:
    talk = in_state(State.CONFIRM)
    assert phrases.CONFIRM in said(talk.mumble("嗯"))
    assert phrases.CONFIRM in said(talk.mumble())
    (save,) = saves(talk.mumble())
    assert save.note == "unconfirmed"


@pytest.mark.fault("F49")
def test_a_caller_who_falls_silent_at_the_read_back_still_gets_a_ticket() -> None:
    talk = in_state(State.CONFIRM)
    assert phrases.CONFIRM in said(talk.silence())
    (save,) = saves(talk.silence())
    assert save.note == "unconfirmed"


# The number and what comes after.


def test_the_number_is_told_digit_by_digit_twice_and_then_what_will_happen() -> None:
    words = said(in_state(State.SAVE).saved(NUMBER))
    told = phrases.digits(NUMBER)
    assert words[: 2 * len(told) + 2] == (phrases.TICKET_NUMBER, *told, phrases.TICKET_REPEAT, *told)
    assert "".join(word.removeprefix("pair-").removeprefix("digit-") for word in told) == NUMBER
    assert words[-4:] == (phrases.UNIT_INTRO, "unit/city", phrases.TICKET_PROMISE, phrases.ANYTHING_ELSE)


def test_a_voice_does_not_cut_the_number() -> None:
    assert act.Hush() not in in_state(State.MORE).dialogue.step(ev.SpeechOnset())


def test_noise_over_the_number_does_not_end_the_call_before_it_was_told() -> None:
    talk = in_state(State.MORE)
    assert leave_of(talk.mumble()) is None
    assert talk.state is State.MORE


def test_thanks_over_the_number_end_the_call_when_it_has_been_told() -> None:
    talk = in_state(State.MORE)
    assert leave_of(talk.mumble("没有了谢谢")) is None
    assert leave_of(talk.dialogue.step(ev.SayingDone())) == act.Leave(Handover.GOODBYE)


@pytest.mark.parametrize("answer", ["没有了", "不用了谢谢", "再见", "", "2", "silence"])
def test_nothing_more_says_goodbye(answer: str) -> None:
    talk = in_state(State.MORE)
    talk.dialogue.step(ev.SayingDone())
    actions = {"2": lambda: talk.press("2"), "silence": talk.silence}.get(answer, lambda: talk.mumble(answer))()
    assert leave_of(actions) == act.Leave(Handover.GOODBYE)


@pytest.mark.parametrize("answer", ["1", "有", "有的"])
def test_something_more_asks_for_it(answer: str) -> None:
    talk = in_state(State.MORE)
    actions = talk.press(answer) if answer.isascii() else talk.mumble(answer)
    assert said(actions) == (phrases.GO_AHEAD,)
    assert talk.state is State.LISTEN


@pytest.mark.fault("F65")
def test_a_second_request_in_one_call_is_a_request_of_its_own() -> None:
    talk = in_state(State.MORE)
    talk.say("还有路灯不亮", LAMP)
    (save,) = saves(talk.press("1"))
    assert save.request.index == 2
    assert save.request.text == "还有路灯不亮"
    talk.saved("261122010002")
    assert talk.dialogue.saved == [NUMBER, "261122010002"]


@pytest.mark.fault("F65")
def test_patience_begins_anew_with_a_second_request() -> None:
    talk = Conversation()
    talk.say("那个东西坏了", None)
    talk.say("垃圾没人清理")
    talk.press("1")
    talk.saved(NUMBER)
    assert said(talk.say("还有那个东西", None)) == (phrases.NO_MATCH[-1],)


@pytest.mark.fault("F25")
def test_a_request_that_cannot_be_saved_brings_a_person_and_is_not_forgotten() -> None:
    talk = in_state(State.SAVE)
    actions = talk.dialogue.step(ev.SaveFailed("disk full"))
    assert leave_of(actions) == act.Leave(Handover.AGENTS, "", "cannot-save")
    unsaved = talk.dialogue.unsaved()
    assert unsaved
    assert unsaved.text == "垃圾没人清理"


# Long stories.


@pytest.mark.fault("F60")
def test_a_long_story_is_listened_to_on_and_on_up_to_its_limit() -> None:
    talk = Conversation(longest_story_seconds=100.0)
    talk.dialogue.step(ev.SpeechOnset())
    more = talk.dialogue.step(heard("事情是这样的", a_decision(), seconds=60.0, ended_by="limit"))
    assert act.Listen(None) in more
    assert not said(more)
    talk.dialogue.step(ev.SpeechOnset())
    talk.dialogue.step(heard("后来又", a_decision(), seconds=60.0, ended_by="limit"))
    assert talk.state is State.CONFIRM
    assert talk.dialogue.matter == "事情是这样的，后来又"


@pytest.mark.fault("F60")
def test_a_story_that_ends_just_at_the_limit_of_an_utterance_is_taken() -> None:
    talk = Conversation()
    talk.dialogue.step(ev.SpeechOnset())
    more = talk.dialogue.step(heard("事情是这样的", a_decision(), seconds=60.0, ended_by="limit"))
    assert any(isinstance(each, act.ExpectSpeech) for each in more)
    assert phrases.CONFIRM in said(talk.silence())


# The ends.


@pytest.mark.parametrize("state", [State.CLARIFY, State.PLACE, State.CONFIRM, State.EMERGENCY])
@pytest.mark.fault("F53")
def test_a_hang_up_leaves_what_was_stated_unsaved(state: State) -> None:
    talk = in_state(state)
    assert talk.dialogue.step(ev.HungUp()) == ()
    unsaved = talk.dialogue.unsaved()
    assert unsaved
    assert unsaved.stated


@pytest.mark.parametrize("ended_by", [ev.HungUp(), ev.Key("0"), ev.RecognitionGone("gone"), ev.CallTooLong()])
@pytest.mark.parametrize("state", [State.LISTEN, State.PLACE, State.MORE])
@pytest.mark.fault("F51")
def test_a_call_that_ends_in_the_middle_of_a_sentence_keeps_its_words(state: State, ended_by: ev.Event) -> None:
    talk = in_state(state)
    talk.dialogue.step(ev.SpeechOnset())
    talk.partial("我们小区")
    talk.partial("我们小区门口的路灯")
    talk.dialogue.step(ended_by)
    unsaved = talk.dialogue.unsaved()
    assert unsaved
    assert unsaved.text.endswith("我们小区门口的路灯")


@pytest.mark.parametrize(
    ("state", "half"), [(State.LISTEN, "喂你好"), (State.MORE, "没有了谢谢再见"), (State.MORE, "")]
)
@pytest.mark.fault("F50", "F58")
def test_a_word_of_greeting_or_thanks_is_no_request(state: State, half: str) -> None:
    talk = in_state(state)
    talk.partial(half)
    talk.dialogue.step(ev.HungUp())
    assert talk.dialogue.unsaved() is None


def test_words_of_a_finished_utterance_are_not_kept_twice() -> None:
    talk = Conversation()
    talk.partial("垃圾没人清理啊啊")
    talk.say("垃圾没人清理")
    talk.dialogue.step(ev.HungUp())
    assert talk.dialogue.request.text == "垃圾没人清理"


@pytest.mark.parametrize("state", [State.NEW, State.LISTEN, State.MORE])
@pytest.mark.fault("F50", "F58")
def test_a_hang_up_leaves_nothing_when_nothing_is_open(state: State) -> None:
    talk = in_state(state)
    talk.dialogue.step(ev.HungUp())
    assert talk.dialogue.unsaved() is None


@pytest.mark.fault("F55")
def test_a_hang_up_while_saving_counts_the_request_once() -> None:
    talk = in_state(State.SAVE)
    talk.dialogue.step(ev.HungUp())
    assert talk.dialogue.unsaved() is None
    assert talk.saved(NUMBER) == ()
    assert talk.dialogue.saved == [NUMBER]
    assert talk.dialogue.unsaved() is None


@pytest.mark.fault("F25", "F55")
def test_a_hang_up_before_a_failed_save_leaves_the_request_unsaved() -> None:
    talk = in_state(State.SAVE)
    talk.dialogue.step(ev.HungUp())
    assert talk.dialogue.step(ev.SaveFailed("disk full")) == ()
    assert talk.dialogue.unsaved() is not None


def test_a_voice_nobody_understood_for_two_seconds_is_worth_a_ticket() -> None:
    talk = Conversation()
    talk.dialogue.step(heard("", seconds=2.0))
    assert talk.dialogue.unsaved() is not None
    short = Conversation()
    short.dialogue.step(heard("", seconds=1.9))
    assert short.dialogue.unsaved() is None


def test_after_the_hand_over_nothing_more_is_asked_of_the_call() -> None:
    talk = in_state(State.LEFT)
    for event in (
        *(ev.Started(), ev.SayingDone(), ev.SpeechOnset(), ev.NothingSaid(), ev.Key("9"), ev.CallTooLong()),
        *(ev.PartialHeard("抢劫", CERTAIN), heard("转人工"), ev.RecognitionGone("x"), ev.Resumed(), ev.HungUp()),
    ):
        assert talk.dialogue.step(event) == ()


@pytest.mark.parametrize("state", LIVE)
def test_without_recognition_the_dialplan_takes_over(state: State) -> None:
    leave = leave_of(in_state(state).dialogue.step(ev.RecognitionGone("worker-gone")))
    assert leave == act.Leave(Handover.FALLBACK, "", "recognition-off")


@pytest.mark.parametrize("state", LIVE)
def test_a_call_without_end_goes_to_a_person(state: State) -> None:
    assert leave_of(in_state(state).dialogue.step(ev.CallTooLong())) == act.Leave(Handover.AGENTS, "", "call-too-long")


@pytest.mark.parametrize("state", ASKING)
@pytest.mark.fault("F18")
def test_a_repaired_audio_path_hears_the_question_again(state: State) -> None:
    talk = in_state(state)
    again = talk.press("*")[1:]
    assert talk.dialogue.step(ev.Resumed()) == again


@pytest.mark.fault("F70")
def test_danger_said_while_the_request_is_being_saved_is_still_asked_about() -> None:
    talk = in_state(State.SAVE)
    talk.say("楼下好像在打架", emergency=POSSIBLE)
    assert talk.state is State.EMERGENCY
    talk.saved(NUMBER)
    assert talk.state is State.EMERGENCY
    assert leave_of(talk.press("1")) == act.Leave(Handover.EMERGENCY, "110", "fight")


@pytest.mark.fault("F70")
def test_danger_that_ends_a_call_while_it_is_being_saved_becomes_a_ticket_of_its_own() -> None:
    talk = in_state(State.SAVE)
    talk.press("9")
    talk.saved(NUMBER)
    unsaved = talk.dialogue.unsaved()
    assert unsaved
    assert (unsaved.index, unsaved.emergency.level) == (2, EmergencyLevel.CERTAIN)
