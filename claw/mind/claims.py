"""The words by which deeds and promises are claimed, in five languages: tables for claw.mind.truth, all in lower case."""

import re
from typing import NamedTuple


class Rule(NamedTuple):
    """A claim stands in a clause where `begin` is found, `then` too (anywhere in it), and `unless` is not."""

    kind: str  # deed; promise or plan: true when something was planned; memory: true when something was remembered
    cues: frozenset[str]  # one of these words is there, or no look is needed
    begin: re.Pattern[str]
    then: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None


def _rule(kind: str, cues: str, begin: str, then: str = "", unless: str = "") -> Rule:
    rest = [re.compile(one) if one else None for one in (then, unless)]
    return Rule(kind, frozenset(cues.split()), re.compile(begin), *rest)


ADV = (
    r"(?:(?:now|just|already|also|then|both|all|successfully|gone ahead and|went ahead and|quickly|safely|since|finally|simply|"
    r"again|been|fully|gladly|gently|slightly|immediately|automatically|personally|not only|currently|again|even|duly|"
    r"indeed) )*"
)
ACTED = (
    "turned switched set locked unlocked opened closed shut dimmed brightened lowered raised adjusted changed started stopped "
    "paused resumed muted unmuted activated deactivated enabled disabled armed disarmed scheduled created added removed "
    "deleted "
    "sent emailed texted messaged notified informed ordered booked reserved saved stored recorded updated cancelled canceled "
    "reset restarted rebooted triggered executed completed handled fixed forwarded programmed configured arranged queued "
    "skipped cleared logged increased decreased reduced applied initiated launched connected disconnected docked secured "
    "powered placed submitted contacted alerted tweaked put moved rolled pulled shared posted drawn bumped cranked ticked"
)
_ACTED = ACTED.replace(" ", "|")
PAST = (  # of "I": the same, and what means a deed with some words only
    rf"(?:(?:{_ACTED}|played|called|phoned|rang|bought|finished|warmed|cooled|heated|reminded|replied|paid|boosted|made sure|"
    r"made (?:the|it|them|your|some|that)|took care|taken care|(?:did|done) (?:it|that|this|so|what|all|both|everything|as)|"
    r"(?:ran|run) the|brought|popped|flipped|killed|nudged|drew|sorted|dropped|readied|prepared|eased|woken?|begun|lit|"
    r"took (?:the|it|them|your|that)|taken the|cut the|told(?= (?!you))|asked(?= (?!you|for|about|whether|if))|let (?!you\b|me\b|"
    r"us\b)[^,.]{1,30} know|kicked off|"
    r"got (?:the|your) (?:lights?|doors?|heating|music)|got (?:it|that|them|everything|the \w+) (?:done|off|on|ready|"
    r"set))(?![\w']| nothing| no | none| there\b))"
)
READ = (  # a perfect of these changes nothing
    "checked looked searched listed learned noticed reached tried failed received answered explained mentioned used assumed "
    "suggested included described understood considered guessed counted compared calculated estimated rounded translated "
    "summarized summarised need bed feed speed seed hundred red shed based misunderstood wanted needed asked confused lied "
    "missed hoped stayed lived worked wondered waited enjoyed loved liked watched discovered helped agreed reviewed verified "
    "examined seemed identified attempted confirmed concluded limited detected analyzed analysed"
)
FIRST = "i i've i'm i'll we we've we'll we're i'd"
ACT = (
    r"(?:turn|switch|set|lock|unlock|open|close|shut|dim|brighten|lower|raise|adjust|change|start|stop|pause|resume|play|mute|"
    r"unmute|activate|deactivate|enable|disable|arm|disarm|schedule|create|add|remove|delete|send|call|phone|email|text|"
    r"message|"
    r"inform|order|book|reserve|buy|put|cancel|reset|restart|trigger|run|handle|fix|do (?:it|that|this|so)|get (?:it|that|them|"
    r"right|on (?:it|that)|the|everything)|make sure|ensure|take care|have (?:it|the|that|them|your|everything)|contact|warm|"
    r"heat|cool|increase|decrease|reduce|arrange|check|see to|bring|move|keep (?:the|your|all)|power|water|feed|prepare|ask "
    r"(?!you|for|about)|let (?!you\b|me\b|us\b)[^,.]{1,30} know|tell (?!you)|go ahead|leave (?:the|a)|update|test|lift|"
    r"roll|draw)"
)
ACTING = (
    r"(?:turning|switching|setting|locking|unlocking|opening|closing|shutting|dimming|brightening|lowering|raising|adjusting|"
    r"changing|starting|stopping|pausing|resuming|playing|muting|unmuting|activating|deactivating|arming|disarming|scheduling|"
    r"adding|removing|sending|calling|emailing|texting|ordering|booking|increasing|decreasing|reducing|warming|cooling|heating|"
    r"putting|taking care|handling|getting right|working on (?:it|that)|doing (?:it|that)|bringing)"
)
WILL = (
    rf"(?:\b(?:i|we)(?:'ll| will| shall|'m going to| am going to|'re going to| are going to|'m gonna) {ADV}(?:be sure to |"
    rf"then )?"
)
STATE = (
    r"(?:(?:turned |switched |powered |rolled |pulled |all the way |halfway |fully |all )?(?:on|off|up|down)|locked(?: up)?|"
    r"unlocked|open(?:ed)?|closed|shut|muted|unmuted|dimmed|playing|paused|armed|disarmed|running|started|stopped|heating|"
    r"cooling|cleaning|docked|active|activated|deactivated|inactive|enabled|disabled|set|secured?|changed|brewing|"
    r"brighter|warmer|"
    r"cooler|"
    r"darker|quieter|louder|lowered|raised|lit|at \d|opening|closing|locking|returning|done|ready|adjusted|updated)"
)
BE = r"(?:\b(?:is|are|be)|'s|'re)"
MAIL = r"(?:messages?|orders?|tables?|appointments?|emails?|e-mails?|requests?|bookings?|taxi|cab|calls?|calendar|invitations?)"
TIMED = r"(?:reminders?|timers?|alarm clock|wake-up|schedule|routine|automation)"
KEPT = (
    r"(?:sent|started|running|set|set up|booked|scheduled|saved|ordered|placed|created|added|updated|cancelled|canceled|"
    r"made|in place|"
    r"on its way)"
)
HOUSE = (
    r"(?:lights?|lamps?|doors?|gate|blinds?|shutters?|curtains?|shades?|heating|thermostat|temperature|fans?|tv|television|"
    r"music|volume|speakers?|alarm|windows?|garage|vacuum|ac|heater|radio|plugs?|oven|locks?|house|message|scene|brightness|"
    r"everything|air conditioning|awning|valve|sprinklers?|kettle|coffee machine)"
)
NOT_DONE = r"\b(?:not|no|none|nothing|never|neither|nobody|cannot|nor|yet|hardly)\b|n't\b"
SINCE = (
    r"\bsince\b|\bfor (?:the|\d|\w+ (?:hours?|minutes?|days?|weeks?|months?|years?)|years|hours|centuries)|\bby (?!voice)[a-z]"
)
NOW = re.compile(
    r"\b(?:now(?<!right now)(?<!until now)(?<!from now)(?<!by now)|just|already|no longer|successfully|for you$|jetzt|nun|"
    r"bereits|schon|"
    r"maintenant|désormais|déjà|ya|ahora|nu|inmiddels)\b"
)
NOW_WORDS = frozenset(  # one of them is in whatever NOW finds
    ["now", "just", "already", "longer", "successfully", "you", "jetzt", "nun", "bereits", "schon", "maintenant", "désormais",
     "déjà", "ya", "ahora", "nu", "inmiddels"]
)  # fmt: skip
AS_ASKED = re.compile(r"\b(?:as (?:requested|instructed|desired|you (?:asked|wished|wanted|requested))|per your request)\b")
HEDGED = re.compile(
    r"\b(?:if|once|when|whenever|after|until|till|unless|whether|before|as soon as|in case|suppose|so that|how|that|"
    r"wenn|falls|sobald|bevor|nachdem|dass|ob|si|quand|dès|avant|cuando|antes|tras|als|wanneer|zodra|voordat|dat)\b"
)
CONDITION = re.compile(
    r"(?:and |or )?(?:if|once|when|whenever|unless|wenn|falls|sobald|si|quand|cuando|als|wanneer|zodra|"
    r"say)\b"
)
OFFER = re.compile(
    r"\bif (?:you(?:'d)? (?:like|want|wish|prefer|tell|say|confirm|give|agree|need|ask|let|allow|approve|are)|so|that)\b|"
    r"\b(?:say|tell|let|give|confirm|show|pick|choose|name|reply|answer|send|ask|yes)\b.{0,60}?(?:,| and| then) (?:i'll|"
    r"i will)\b|"
    r"\b(?:once|when|as soon as|after) you(?:'ve)? (?:say|confirm|tell|are ready|approve|want|like|agree|give|told|"
    r"confirmed)\b|"
    r"\b(?:wenn|falls|sobald) (?:du|sie|ihr) (?:magst|möchte|will|wollen|woll|es sag|ja|bestätig|zustimm)|\bsag\b|"
    r"\bsi (?:vous|tu) (?:voul|veu|souhait|le|confirm|dit|préf)|\bdites\b|\bsi (?:quier|lo dese|me |dese|prefier|confirm)|"
    r"\bdime\b|"
    r"\bals (?:je|u) (?:wilt|wil|het|dat|ja|bevestig)"
)
# one of these words is in every offer and condition
_OFFERING = (
    "if say tell let give confirm show pick choose name reply answer send ask yes once when whenever unless as after and or "
)
OFFERING = frozenset((_OFFERING + "wenn falls sobald sag si dites dime cuando quand als wanneer zodra").split())
DONE = re.compile(
    r"(?:(?:ok|okay|sure|alright|all right|great|perfect|yes|yep|right|it's|it is|that's|that is|everything is|everything's|"
    r"you're|you are|so|es ist|das ist|ist|c'est|et|está|todo|het is|dat is|schon|alles|all|bereits|ya) )*"
    r"(?:done(?: and dusted| deal)?|set|all set|good to go|(?:all )?taken care of|sorted|handled|finished|completed?|"
    r"consider it (?:done|handled|sorted)|success|mission accomplished|job done|there you go|there we go|on it|i'm on it|"
    r"will do|"
    r"right away|coming right up|coming up|you got it|task complete(?:d)?|as you wish|"
    r"erledigt|fertig|gemacht|wird gemacht|wird erledigt|mach(?:e)? ich|geht klar|sofort|"
    r"fait|chose faite|terminé|voilà|et voilà|tout de suite|c'est parti|listo|hecho|está|quedó|ya quedó|enseguida|"
    r"klaar|gedaan|geregeld|voor elkaar|in orde gemaakt|komt in orde|komt voor elkaar|doe ik)"
    r"(?: for you| now| then| too| as requested| für dich)*"
)
NO_NAME = (
    r"i|you|we|would|should|can|could|to|if|when|how|for|is|are|was|keep|leave|with|that|who|will|must|may|has|have|"
    r"a|an|no"
)
THING = rf"(?:the |all |all the |your |both |both the )?(?:(?!(?:{NO_NAME})\b)[\w'-]+ ){{0,4}}?{HOUSE}"
SHORT = re.compile(  # "Kitchen lights off", "Heating set to 22"
    rf"(?!(?:turn|switch|keep|leave|make|put|set|move|lock|close|shut|open|press|have|get|with|no|not|is|are)\b){THING} "
    rf"(?:now |all |both |turned |switched |successfully )*(?:{STATE}|{KEPT})(?: (?:to|at|for|in) .{{1,40}}| \d.{{0,20}}| now)?"
)
FINITE = (
    r"\b(?:is|are|was|were|would|could|can|may|might|will|should|saves?|helps?|makes?|means|takes?|costs?|uses?|keeps?|lets?|"
    r"gives?|needs?|requires?|reduces?|prevents?|does|has|had|works?|sounds?|seems?|cuts?|lowers?|if|when|isn't|doesn't|"
    r"won't|can't)\b"
)
STATED = re.compile(
    rf"{BE} {ADV}(?:no longer )?{STATE}\b|\b(?:has|have) (?:now|just|already) (?:{STATE}|{_ACTED}|finished|begun|gone|"
    rf"come|been)\b"
)
IT_IS = re.compile(  # a state of what was not named: nobody can look whether it is so
    rf"(?:and |so |yes |okay )?(?:it|they|that|everything|all|both|all of them|both of them)(?:'s|'re| is| are) {ADV}{STATE}"
    r"(?: (?:now|again|for you|too|as .*|safely|already|tight|up|down|to \d.*|at \d.*))*"
)
MEASURED = re.compile(rf"{BE}\b.{{0,40}}?\d ?(?:°|%|degrees|percent)")

DE_DID = (
    r"\b(?:(?:herunter|runter|hoch|hinauf|herauf|ein|aus|an|ab|zu|um|auf|hinzu|fest|weiter|los|frei|bereit|zurück)?"
    r"ge(?:schaltet|macht|stellt|dreht|schlossen|sperrt|fahren|setzt|dimmt|startet|stoppt|öffnet|tragen|fügt|schickt|sendet|"
    r"sandt|rufen|merkt|bucht|löscht|plant|legt|schrieben|lassen|zogen|spielt|ändert|senkt|regelt|speichert|sichert|sagt)|"
    r"verriegelt|entriegelt|erledigt|notiert|erstellt|aktiviert|deaktiviert|bestellt|informiert|benachrichtigt|programmiert|"
    r"reserviert|verschickt|erhöht|reduziert|pausiert)\b"
)
DE_NOT = r"\b(?:nicht|kein\w*|nichts|nie|niemand|kann|könnte|würde|soll|müsste|noch nie)\b|\d{4}\b"
DE_DO = (
    r"(?:schalte|mach|mache|schließe|öffne|stelle|drehe|dimme|fahre|sperre|verriegle|starte|stoppe|spiele|setze|aktiviere|"
    r"lösche|"
    r"bestelle|rufe|schicke|sende|kümmere|erledige|senke|erhöhe|trage|füge|buche)"
)
DE_TELL = (
    r"(?:erinnere|wecke|benachrichtige|melde mich|behalte|überwache|(?:sag|sage|gebe|geb) (?:\w+ ){0,3}?bescheid|"
    r"achte auf|passe auf)"
)
FR_DID = (
    r"\b(?:éteint|allumé|fermé|ouvert|verrouillé|déverrouillé|réglé|mis|baissé|monté|augmenté|diminué|lancé|arrêté|démarré|"
    r"activé|désactivé|ajouté|envoyé|appelé|enregistré|programmé|créé|supprimé|prévenu|commandé|réservé|fait|tamisé|coupé|"
    r"changé|"
    r"abaissé|relevé|modifié|effectué|noté|ajusté|remis)e?s?\b"
)
FR_DO = (
    r"(?:éteindre|allumer|fermer|ouvrir|verrouiller|déverrouiller|régler|mettre|baisser|monter|augmenter|lancer|arrêter|couper|"
    r"démarrer|activer|désactiver|ajouter|envoyer|appeler|programmer|prévenir|m'en occuper|le faire|faire ça|commander|"
    r"réserver)"
)
FR_NOT = r"\bn'|\bne\b|\baucune?\b|\brien\b|\bpeux\b|\bpourrais\b"
ES_DID = (
    r"\b(?:(?:apag|cerr|bloque|desbloque|ajust|configur|envi|mand|llam|agreg|activ|desactiv|program|anot|guard|inici|paus|"
    r"reserv|baj|cambi|cre|elimin|regul|avis|atenu)ad|(?:encend|sub|añad|deten|ped)id)[oa]s?\b|"
    r"\b(?:puesto|puesta|abiert[oa]s?|hecho|hecha)\b"
)
ES_PAST = (
    r"\b(?:apagué|encendí|prendí|cerré|abrí|bloqueé|desbloqueé|puse|subí|bajé|ajusté|configuré|envié|mandé|llamé|añadí|agregué|"
    r"activé|desactivé|programé|guardé|inicié|detuve|pausé|reservé|pedí|cambié|hice)\b"
)
ES_DO = (
    r"(?:apagar|encender|prender|cerrar|abrir|bloquear|poner|subir|bajar|ajustar|enviar|mandar|llamar|añadir|agregar|activar|"
    r"desactivar|programar|hacer|iniciar|pausar|reservar|pedir)"
)
ES_NOT = r"\bno\b|\bnada\b|\bnunca\b|\bpuedo\b|\bpodría\b|\bninguna?\b"
NL_DID = (
    r"\b(?:(?:uit|aan|dicht|open|af|in|om|op|neer|terug|omlaag|omhoog|door|klaar)?ge(?:zet|daan|draaid|schakeld|sloten|dimd|"
    r"steld|stuurd|beld|regeld|start|stopt|maakt|boekt|pland|opend|dempt|past|speeld|pauzeerd|activeerd|reserveerd|informeerd|"
    r"programmeerd|bracht|haald|waarschuwd)|vergrendeld|ontgrendeld|verstuurd|verzonden|toegevoegd|besteld|verlaagd|verhoogd|"
    r"genoteerd|bewaard|opgeslagen|onthouden)\b"
)
NL_NOT = r"\b(?:niet|geen|niets|nooit|niemand|kan|zou|kunnen)\b"
NL_DO = r"(?:doe|zet|sluit|open|draai|dim|stuur|bel|start|stop|regel|schakel|vergrendel|bestel|speel|verlaag|verhoog|boek|maak)"

_NO_ACT = r"\bbe (?:here|happy|glad|able|there)\b"
RULES = (
    # promises that a plan or a memory makes true stand first
    _rule("memory", FIRST, WILL + r"(?:remember|not forget|keep (?:that|it|this) in mind|make a (?:mental )?note|"
          r"note (?:that|it|this)|"
          r"bear (?:that|it) in mind|store|save))\b|\bi(?:'ve| have)? " + ADV + r"(?:made a (?:mental )?note|noted|"
          r"remembered|memori[sz]ed|saved (?:that|this|it)|stored (?:that|this|it)|added (?:that|this|it) to my memory)\b|"
          r"\bi (?:won't|will not) forget\b|\bi'm (?:making a note|noting|remembering)\b"),
    _rule("memory", "noted", r"^(?:duly |ok |okay )?noted$"),
    _rule("plan", FIRST, WILL + r"(?:remind|wake|alert|notify|let you know|tell you|inform you|give you a|warn you|ping|"
          r"message you|"
          r"text you|call you|update you|keep (?:an eye|you (?:posted|updated|informed)|watch|track|monitoring|watching)|"
          r"watch|monitor|"
          r"track|look out|report back|get back to you))\b(?! (?:what|why|how|about|more|a story|a joke)\b)"),
    _rule("plan", FIRST, r"\bi(?:'m| am) (?:keeping an eye|monitoring|watching|tracking)\b|\bi(?:'ve| have)? " + ADV +
          r"(?:set|set up|scheduled|created|added|made|put|programmed|planned|started) (?:up )?(?:(?:an?|the|your|that|"
          r"this) )?(?:\w+[ -]){0,2}?" + TIMED
          + r"\b|\bi(?:'ve| have)? " + ADV + r"(?:scheduled|planned)\b"),
    _rule("plan", "reminder reminders timer timers clock schedule routine automation wake-up", rf"\b{TIMED}\b(?: for "
          rf".{{1,40}}?)?(?: (?:is|are|has been|have been)|'s)? {ADV}{KEPT}\b",
          unless=NOT_DONE),
    _rule("plan", "you'll you you're", r"\byou(?:'ll| will) (?:then )?(?:get|receive|have|be (?:reminded|notified|alerted|"
          r"told|informed|woken))\b",
          r"\b(?:reminder|notification|alert|message|reminded|notified|alerted|told|informed|woken)\b", NOT_DONE),
    _rule("promise", "will", rf"\bwill (?:{ADV})(?:be {ADV}(?:{_ACTED})\b|(?:turn|switch|go|come|start|stop|close|open|"
                             rf"lock|play)\b)",
          rf"\b{HOUSE}\b|\bit\b|\bthey\b", NOT_DONE + r"|\b(?:you|by (?:itself|themselves)|always|usually|automatically)\b"),
    _rule("promise", FIRST, WILL + ACT + r")\b", unless=NOT_DONE + "|" + _NO_ACT),
    _rule("promise", "let", r"^(?:and |ok |okay |sure )?let me (?!know|explain|see if i understand|think)(?:just |"
                            r"quickly )?" + ACT + r"\b"),
    # deeds
    _rule("deed", FIRST, rf"\b(?:i|we)(?:'ve| have|'d)? {ADV}{PAST}"),
    _rule("deed", FIRST, rf"\b(?:i|we)(?:'ve| have) {ADV}(?!(?:{READ.replace(' ', '|')})\b)\w{{2,20}}ed\b(?! (?:no|none|"
                         rf"nothing)\b)"),
    _rule("deed", FIRST, rf"\b(?:i|we)(?: was| were|'ve been| have been)? {ADV}(?:able to|managed to|"
                         rf"succeeded in) (?:{ACT}|{ACTING})\b"),
    _rule("deed", "i'm we're am are", rf"\b(?:i'm|i am|we're|we are) {ADV}{ACTING}\b", unless=NOT_DONE),
    _rule("deed", "what did i've changes", r"\bwhat i(?:'ve)? (?:did|done|changed)\b|\bchanges (?:i(?:'ve)? )?made\b"),
    _rule("deed", "been", rf"(?:\b(?:has|have)|'s|'ve) {ADV}(?:{_ACTED}|taken care of|told|done|"
                          rf"finished)\b", unless=f"{NOT_DONE}|{SINCE}|\\byou\\b"),
    _rule("deed", "successfully just", rf"\b(?:was|were|got) {ADV}(?:{_ACTED})\b", r"\b(?:successfully|just)\b", NOT_DONE),
    _rule("deed", "you'll will", rf"\byou(?:'ll| will) (?:now )?find (?:it|them|(?:the|your) [\w ]{{1,30}}?) {STATE}\b"),
    _rule("deed", "should", r"\bshould (?:now )?(?:be|hear|see|feel|notice|have|start)\b", r"\bnow\b", NOT_DONE),
    _rule("deed", "is are has have been it's", rf"\b(?:your|the|an?) (?:\w+ ){{0,2}}?{MAIL}(?: [\w ]{{1,30}}?)?(?: (?:is|"
          rf"are|has been|have been)|'s) {ADV}{KEPT}\b",
          unless=NOT_DONE),
    _rule("deed", "now", r"^(?:ok |okay |and )?now " + ACTING),
    # German
    _rule("memory", "ich", r"\b(?:ich (?:merk|merke|notier|notiere|behalte)|merke ich|behalte ich) (?:mir|es|das|"
                           r"im kopf)\b|\bich (?:werde )?(?:mir )?(?:das|es) merken\b|\bich (?:werde|"
                           r"vergesse).{0,20}(?:merken|nicht vergessen|vergesse)\b"),
    _rule("plan", "ich", rf"\bich {DE_TELL}\b|\b(?:erinnere|wecke) ich\b|\bich werde\b.{{0,60}}\b(?:erinnern|wecken|"
                         rf"benachrichtigen|bescheid|melden|im auge)\b", unless=r"\bnicht\b"),
    _rule("promise", "ich", rf"\bich (?:\w+ )?{DE_DO}\b|\b{DE_DO} ich\b", unless=DE_NOT + r"|\bich rufe\b.*\bnur\b"),
    _rule("promise", "ich", r"\bich werde\b", r"\b\w*(?:schalten|machen|schließen|öffnen|stellen|drehen|dimmen|fahren|"
          r"sperren|kümmern|schicken|senden|rufen)\b", DE_NOT),
    _rule("deed", "habe hab haben", r"\b(?:ich|wir) (?:hab|habe|haben)\b|\b(?:hab|habe|haben) (?:ich|wir)\b", DE_DID, DE_NOT),
    _rule("deed", "wurde wurden worden", r"\b(?:wurde|wurden|worden)\b", DE_DID, DE_NOT + r"|\bvon \w|\bseit\b"),
    # French
    _rule("memory", "je j'en m'en n'oublierai note retiens", r"\bje (?:m'en souviendrai|m'en souviens|(?:le |la |l'|"
          r"vais le )?(?:note|noter|retiens|retiendrai|garde en mémoire)|n'oublierai)\b"),
    _rule("plan", "je", r"\bje (?:vous |te |t'|l'|le |la |les |vais )*(?:rappellerai|rappelle|préviendrai|préviens|"
                        r"avertirai|réveillerai|surveille|surveillerai|tiendrai|rappeler|prévenir|surveiller|"
                        r"garde un œil)\b", unless=r"\bne\b"),
    _rule("promise", "je", r"\bje m'en (?:occupe|charge|occuperai|chargerai)\b|\bje (?:l'|le |la |les |vous |"
                           r"te )*(?:éteindrai|allumerai|fermerai|ouvrirai|baisserai|mettrai|ferai|enverrai|appellerai|"
                           r"verrouillerai)\b"),
    _rule("promise", "je", r"\bje vais (?:l'|le |la |les |vous |te )*" + FR_DO + r"\b", unless=FR_NOT),
    _rule("deed", "j'ai avons on je t'ai l'ai", r"\bj'ai\b|\bnous avons\b|\bon a\b|\bje (?:vous |te |les |lui |leur |l'|"
          r"t'|vous l'|te l')?ai\b", FR_DID, FR_NOT + r"|\berreur\b"),
    _rule("deed", "viens venons", r"\bviens (?:de |d')(?:l'|le |la |les )?" + FR_DO, unless=FR_NOT),
    _rule("deed", "été", r"\b(?:a|ont) (?:bien |déjà |maintenant )?été\b", FR_DID, FR_NOT + r"|\d{4}\b|\bpar\b|\bdepuis\b"),
    _rule("deed", "j'éteins j'allume j'ouvre j'envoie je", r"\bj'(?:éteins|allume|ouvre|envoie|arrête|appelle|ajoute|"
          r"active)\b|\bje (?:le |la |les |l')?(?:ferme|baisse|mets|lance|verrouille|règle|coupe|monte)\b", unless=FR_NOT),
    # Spanish
    _rule("memory", "lo la olvidaré anotado nota", r"\b(?:lo|la) (?:recordaré|tendré en cuenta|anoto|apunto|anotaré)\b|"
          r"\bno (?:lo |la )?olvidaré\b|\b(?:he|queda) anotado\b|\bhe tomado nota\b"),
    _rule("plan", "te le os les estaré vigilaré", r"\b(?:te|le|os|les) (?:recordaré|avisaré|despertaré|notificaré|aviso|"
          r"recuerdo|voy a (?:avisar|recordar))\b|\bestaré (?:pendiente|atento)\b|\bvigilaré\b"),
    _rule("promise", "voy vamos me encargo", rf"\b(?:voy|vamos) a {ES_DO}|\bme (?:encargo|ocupo|encargaré|"
          rf"ocuparé)\b", unless=ES_NOT),
    _rule("promise", "estoy apagaré encenderé cerraré abriré pondré enviaré llamaré bajaré subiré bloquearé haré",
          r"\bestoy (?:apag|cerr|abri|encend|ajust|envi|sub|baj|pon|bloque|activ|llam)\w*[aie]ndo|\b(?:apagaré|encenderé|"
          r"cerraré|abriré|pondré|enviaré|llamaré|bajaré|subiré|bloquearé|haré)\b", unless=ES_NOT),
    _rule("deed", "he hemos", r"\b(?:he|hemos)\b", ES_DID, ES_NOT),
    _rule("deed", ES_PAST[5:-3].replace("|", " "), ES_PAST, unless=ES_NOT),
    _rule("deed", "sido fue fueron quedó quedaron ha han", r"\b(?:ha sido|han sido|fue|fueron|quedó|quedaron|se ha|"
          r"se han)\b", ES_DID, ES_NOT + r"|\d{4}\b|\bpor\b|\bdesde\b"),
    # Dutch
    _rule("memory", "ik onthoud", r"\bik (?:zal|onthoud|noteer)\b.{0,30}\b(?:onthouden|onthoud|noteren)\b|\bik (?:onthoud|"
          r"noteer) (?:het|dat|dit)\b|\bik (?:zal|ga) het niet vergeten\b"),
    _rule("plan", "ik", r"\bik (?:herinner|waarschuw|wek|laat (?:\w+ ){0,2}?weten|hou|houd)\b|\bik (?:zal|"
                        r"ga)\b.{0,60}\b(?:herinneren|waarschuwen|weten|wekken|gaten)\b", unless=r"\bniet\b|\bhoud? van\b"),
    _rule("promise", "ik", rf"\bik {NL_DO}\b|\bik (?:zal|ga)\b.{{0,60}}\b\w*(?:doen|zetten|sluiten|openen|sturen|bellen|"
                           rf"regelen|schakelen|zorgen|dimmen)\b|\bik regel\b", unless=NL_NOT),
    _rule("deed", "heb hebben", r"\b(?:ik|we|wij) (?:heb|hebben)\b|\bheb ik\b", NL_DID + r"|\bop slot\b", NL_NOT),
    _rule("deed", "werd werden", r"\b(?:werd|werden)\b", NL_DID, NL_NOT + r"|\d{4}\b|\bdoor\b"),
    _rule("deed", "is zijn het", r"\b(?:het|dat|alles) is (?:nu |al )?(?:geregeld|gedaan|gebeurd|"
          r"voor elkaar)\b", unless=NL_NOT),
)  # fmt: skip
# what is so now, in other languages: a state beside a word that says that it has just become so
NOW_IS = re.compile(
    r"\b(?:ist|sind|est|sont|está|están|is|zijn)\b.{0,30}?\b(?:jetzt|nun|bereits|schon|maintenant|désormais|déjà|ahora|ya|"
    r"nu|inmiddels)\b|"
    r"\b(?:jetzt|nun|maintenant|ya|ahora|nu)\b.{0,30}?\b(?:ist|sind|est|sont|está|están|is|zijn)\b"
)
NOW_SO = re.compile(
    rf"{DE_DID}|{FR_DID}|{ES_DID}|{NL_DID}|\b(?:an|aus|zu|offen|geschlossen|abgeschlossen|verriegelt|gesperrt|allumée?s?|"
    rf"fermée?s?|"
    r"cerrad[oa]s?|apagad[oa]s?|encendid[oa]s?|op slot|uit|aan|dicht|auf \d+|à \d+|a \d+|op \d+)\b"
)
SHORT_ABROAD = re.compile(  # "Licht aus", "luces apagadas": without a verb
    rf"(?:(?!ist|sind|est|sont|es|son|is|zijn)\w+ ){{0,2}}(?:licht(?:er|en)?|lampen?|tür|heizung|lumières?|porte|volets|"
    rf"lampes?|luz|luces|"
    rf"puerta|persianas|deur|verwarming)(?: (?:del?|de la|du|im|in der|in de) \w+)? (?:{NOW_SO.pattern})"
)
NOT_NOW = re.compile(r"\b(?:nicht|kein\w*|ne|n'|no|niet|geen|offen bis|geopend)\b")
ACK = re.compile(
    r"(?:ok|okay|sure(?: thing)?|of course|got it|no problem|absolutely|certainly|great|perfect|alright|all right|understood|"
    r"with pleasure|gladly|my pleasure|yes|wonderful|excellent|good news|gerne|klar|natürlich|okay dann|bien sûr|d'accord|"
    r"parfait|claro|por supuesto|de acuerdo|perfecto|natuurlijk|prima|oké|alles klar|verstanden|entendu|vale|i see)"
)
FLUFF = re.compile(
    r"(?:(?:is there |do you need |can i (?:do|help you with) |will there be |was there )?anything else\b.*|enjoy\b.*|"
    r"have (?:a|an|fun)\b.*|"
    r"let me know (?:if|when|should|whenever)\b.*(?:need|help|else|change|adjust|anything)\b.*|you're welcome.*|"
    r"sleep (?:well|tight).*|"
    r"good ?night.*|sweet dreams.*|(?:what|how) else\b.*|happy to help.*|glad (?:to|i could) help.*|stay (?:warm|cozy|"
    r"safe|cool)\b.*|"
    r"here you (?:go|are)|here it is|feel free\b.*|just (?:ask|let me know)\b.*|thanks?\b.*|thank you\b.*|cheers|"
    r"see you\b.*|bye|"
    r"sonst noch (?:etwas|was).*|kann ich sonst.*|gute nacht.*|viel spaß.*|schönen?\b.*|noch etwas.*|"
    r"autre chose.*|bonne (?:nuit|soirée|journée).*|profitez.*|¿?algo más.*|buenas noches.*|disfruta.*|¿?necesitas algo más.*|"
    r"¿?puedo ayudar.*|nog iets.*|verder nog.*|welterusten.*|geniet.*|fijne\b.*)"
)
