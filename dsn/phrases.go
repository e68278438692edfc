package dsn

// What reports say, by language: English, German, French, Spanish, Italian, Portuguese, Dutch,
// Polish, Russian, Japanese, Chinese, and a few others. In lower case.

// genericSeparators begin the returned message.
var genericSeparators = []string{
	"----- Original message", "-----Original message", "----- Original Message", "-----Original Message", "------ This is a copy of", "--- Below this line", "--- Original message", "Original message headers:", "Original Message Headers", "Original message follows", "Message headers follow",
	"Below is a copy of the original message", "----- Message header follows", "----- Unsent message follows", "--- The header of the original message", "Your original message", "Possibly truncated original message", "------- Returned Message", "--- Enclosed", "Original Message:", "Returned message follows", "----- Returned message", "The headers of the message sent", "------- Original Message", "Original mail as follows", "-------original message", "--- Message non-deliverable", "--- Undelivered message", "Message header:",
	"----- Ursprüngliche Nachricht", "-----Ursprüngliche Nachricht", "----- Message d'origine", "-----Message d'origine", "----- Mensaje original", "-----Mensaje original", "----- Messaggio originale", "-----Messaggio originale", "----- Mensagem original", "-----Mensagem original", "----- Oorspronkelijk bericht", "-----Oorspronkelijk bericht", "----- Wiadomość oryginalna", "----- Исходное сообщение", "----- 元のメッセージ", "----- 原始邮件", "----- 原始郵件", "原邮件附在后面",
}

// bounceSubjects are parts of the subjects of reports.
var bounceSubjects = newWordSet(
	"undeliver", "delivery status", "delivery fail", "delivery report", "delivery notif", "delivery error", "failure notice", "delivery problem", "returned mail", "returned to sender", "returning message", "mail failure",
	"mail system error", "non-delivery", "nondeliver", "not delivered", "could not be delivered", "could not send", "bounce", "failed mail", "delayed", "unable to deliver", "message status", "delivery has failed", "mail error", "rejected", "blocked", "failure delivery", "message failed", "cannot be delivered",
	"unzustellbar", "zustellung", "non remis", "échec de", "non distribu", "no se puede entregar", "no se pudo entregar", "sin entregar", "error de entrega", "mancato recapito", "mancata consegna", "non recapitabile", "não entregue", "não foi possível", "falha na entrega", "onbestelbaar", "niet bezorgd",
	"niedostarcz", "nie można dostarczyć", "недостав", "не доставлено", "не удается доставить", "配信不能", "配信エラー", "送信エラー", "退信", "未送达", "無法傳遞", "배달되지",
	"nicht zugestellt", "nicht zustellbar", "zustellfehler", "fehler bei der", "remise", "n'a pas été", "livraison", "no entregado", "devuelto", "fallo en la entrega", "mensaje devuelto", "mancato", "recapito", "consegna non", "errore di consegna", "entrega", "devolvida", "niet afgeleverd", "bezorging", "aflevering", "zwrot", "niedoręcz", "nie dostarczono",
	"ошибка доставки", "возврат", "не удалось доставить", "未達", "不達", "配信できません", "配送不能", "配信失敗", "送信失敗", "エラーメール", "返送", "投递失败", "发送失败", "投遞失敗", "無法投遞", "未能送达", "无法投递", "반송", "전송 실패", "error sending", "an error", "problem delivering", "trouble delivering", "mail error", "mail problem", "returning", "virus detected", "viruses detected", "content violation", "disallowed attachment", "banned", "unsolicited bulk", "mailserver notification", "olevererbar", "kunde inte levereras", "kunne ikke leveres", "nedoručitel", "kézbesíthetetlen", "teslim edilemedi",
)

// failurePhrases say that a message did not arrive, or not yet.
var failurePhrases = newWordSet(
	"could not be delivered", "was not delivered", "were not delivered", "wasn't delivered", "not been delivered", "not have been delivered", "couldn't be delivered", "cannot be delivered", "can not be delivered", "can't be delivered", "could not deliver", "couldn't deliver", "cannot deliver", "can't deliver", "unable to deliver", "undeliverable", "undelivered", "delivery failed", "delivery failure", "delivery fail", "delivery has failed", "failed to deliver", "delivery to the following", "error delivering", "trouble delivering", "problem delivering", "problem with the e-mail address", "rejected recipient", "did not accept", "invalid recipient", "recipient address rejected", "attempting to deliver", "while delivering", "trying to deliver", "delivery to:", "not able to be delivered", "not able to deliver", "weren't able to deliver", "will not be delivered", "not accepted for delivery",
	"giving up", "given up", "gave up", "permanent error", "permanent failure", "fatal error", "did not reach", "not reach the following", "could not be reached", "could not be sent", "not be sent", "could not send", "unable to send", "was not sent", "returned to sender", "returning your message", "was returned", "has been returned", "was rejected", "been rejected", "rejected your message", "was refused", "been refused", "been blocked", "was blocked", "bounced", "delivery error", "delivery problem", "non-delivery", "error while delivering", "could not be processed", "has failed to", "been delayed", "is delayed", "delivery is pending", "not yet been delivered", "delivery errors", "delivery problems", "not be completed",
	"nicht zugestellt", "nicht zustellen", "nicht zustellbar", "unzustellbar", "zustellung fehlgeschlagen", "zustellung ist fehlgeschlagen", "zustellung an", "zustellfehler", "nicht ausgeliefert", "nicht gesendet werden", "nicht übermittelt", "nicht übertragen", "wurde abgelehnt", "wurde zurückgewiesen", "noch nicht zugestellt", "zustellung verzögert",
	"pas pu être", "n'a pu être", "pas été remis", "pas été distribué", "pas été délivré", "pas être distribué", "pas être remis", "pas être délivré", "non remis", "non distribu", "impossible de remettre", "impossible de délivrer", "impossible de livrer", "échec de la remise", "échec de remise", "échec de la distribution", "échec de distribution", "échec de la livraison", "a été rejeté", "a été refusé", "retourné à l'expéditeur", "erreur de livraison", "remise retardée",
	"no se pudo entregar", "no se ha podido entregar", "no pudo ser entregado", "no ha podido ser entregado", "no fue entregado", "no ha sido entregado", "no se puede entregar", "no se entregó", "imposible entregar", "no entregado", "error en la entrega", "error de entrega", "fallo en la entrega", "fallo de entrega", "ha sido rechazado", "fue rechazado", "no se pudo enviar", "no se ha podido enviar", "ha sido devuelto",
	"non è stato possibile consegnare", "non è stato possibile recapitare", "non è stato possibile inviare", "non può essere consegnato", "non può essere recapitato", "non è stato consegnato", "non è stato recapitato", "impossibile recapitare", "impossibile consegnare", "mancato recapito", "mancata consegna", "non recapitabile", "non recapitato", "è stato rifiutato", "è stato respinto", "recapito non riuscito", "consegna fallita", "errore di consegna",
	"não foi possível entregar", "não pôde ser entregue", "não pode ser entregue", "não foi entregue", "não entregue", "falha na entrega", "falha de entrega", "erro na entrega", "foi rejeitad", "foi recusad", "não foi possível enviar", "foi devolvid", "nao foi possivel entregar", "nao pode ser entregue", "nao foi entregue",
	"niet worden bezorgd", "niet bezorgd", "niet worden afgeleverd", "niet afgeleverd", "onbestelbaar", "bezorging mislukt", "bezorgen mislukt", "aflevering mislukt", "is geweigerd", "werd geweigerd", "niet worden verzonden", "nog niet afgeleverd",
	"nie została dostarczon", "nie zostało dostarczon", "nie zostać dostarczon", "nie mogła zostać dostarczon", "nie mogła być dostarczon", "nie może być dostarczon", "nie można dostarczyć", "nie można było dostarczyć", "nie udało się dostarczyć", "niedostarczaln", "niedostarczon", "nie dostarczono", "została odrzucon", "zostało odrzucon", "zwrócona do nadawcy",
	"не было доставлено", "не может быть доставлен", "не доставлен", "не удалось доставить", "не удаётся доставить", "не удается доставить", "невозможно доставить", "недоставлен", "отклонено", "было отклонен", "возвращено отправителю", "ошибка доставки", "сбой доставки", "не удалось отправить", "не может быть отправлен",
	"配信できません", "配信できなかった", "配信されません", "配送できません", "配達できません", "お届けできません", "お届けできなかった", "届けることができません", "送信できません", "送信できなかった", "送ることができません", "配信不能", "配達不能", "配信に失敗", "送信に失敗", "配送に失敗", "配信エラー", "送信エラー", "エラーのため", "返送", "不達", "届きません", "届いておりません", "送信できておりません",
	"退信", "投递失败", "发送失败", "递送失败", "发送不成功", "未能投递", "未能送达", "无法投递", "无法送达", "未送达", "被退回", "投遞失敗", "傳送失敗", "寄送失敗", "無法投遞", "無法送達", "無法傳送", "無法寄達", "未能送達", "退回",
	"배달되지", "배달하지 못", "전송 실패", "반송", "kunde inte levereras", "kunne ikke leveres", "ei voitu toimittaa", "nelze doručit", "nebylo možné doručit", "nemohla být doručen", "nemohl být doručen", "nedoručen", "nebolo možné doručiť", "nemohla byť doručen", "не вдалося доставити", "не може бути доставлен", "nije mogla biti isporučen", "ni bilo mogoče dostaviti", "не може да бъде доставен", "không thể gửi", "tidak dapat dikirim", "tidak dapat disampaikan", "ei saanud edastada", "nepavyko pristatyti", "neizdevās piegādāt", "teslim edilemiyor", "iletilemedi", "a fost respins", "nem kézbesíthető", "nem sikerült kézbesíteni", "teslim edilemedi", "nu a putut fi livrat", "no s'ha pogut lliurar", "δεν παραδόθηκε",
)

// reasonWords occur where reports give the reason.
var reasonWords = newWordSet(
	"unknown", "no such", "not found", "not exist", "doesn't exist", "unavailable", "full", "over quota", "overquota", "quota", "exceed", "invalid", "disabled", "inactive", "suspended", "deactivated", "not listed", "no mailbox", "not a valid", "unrouteable", "unroutable", "unreachable", "timed out", "timeout", "refused", "rejected", "reject", "blocked", "denied", "expired", "spam", "policy", "too large", "too big", "relay", "no mx", "cannot find", "can't find", "not accept", "no longer", "closed", "terminated", "not allowed", "prohibited", "error",
	"unbekannt", "existiert nicht", "voll", "überschritten", "ungültig", "nicht gefunden", "gesperrt", "abgelehnt", "nicht erreichbar", "deaktiviert", "zu groß", "inconnu", "n'existe pas", "plein", "saturé", "introuvable", "invalide", "désactivé", "dépass", "refusé", "injoignable",
	"desconocid", "no existe", "llen", "no encontrad", "inválid", "excedid", "rechazad", "sconosciut", "inesistente", "non esiste", "pien", "non trovat", "non valid", "superat", "rifiutat", "desconhecid", "não existe", "inexistente", "chei", "inválid", "excedid", "rejeitad", "recusad",
	"onbekend", "bestaat niet", "vol ", "niet gevonden", "ongeldig", "overschreden", "geweigerd", "nieznan", "nie istnieje", "pełna", "przepełnion", "nieprawidłow", "przekroczon", "nie znaleziono", "odrzucon",
	"неизвест", "не существует", "переполнен", "не найден", "недействит", "превышен", "заблокирован", "отклон", "несуществ", "存在しません", "存在しない", "見つかり", "不明", "いっぱい", "容量", "無効", "該当", "ありません", "超過", "拒否", "制限", "お確かめ", "満杯",
	"不存在", "已满", "已滿", "找不到", "无效", "無效", "拒收", "拒绝", "拒絕", "超过", "超出", "超過", "禁用", "不可用", "错误", "錯誤", "失败", "失敗", "존재하지", "가득",
)

// delayPhrases say that the server goes on trying.
var delayPhrases = newWordSet(
	"warning message only", "this is a warning only", "do not need to resend", "don't need to resend", "has been delayed", "is delayed", "will continue to be attempted", "not yet been delivered", "hasn't been delivered yet", "will keep trying", "will continue trying", "will be retried", "still being retried", "temporarily delayed", "delivery incomplete", "will try again", "attempts to deliver the message will continue",
	"noch nicht zugestellt", "zustellung verzögert", "verzögerte zustellung", "weiterhin versucht", "weiter versucht", "n'a pas encore été", "remise retardée", "remise différée", "continuera d'essayer", "todavía no se ha", "aún no se ha", "se ha retrasado", "se seguirá intentando", "non è ancora stat", "in ritardo", "ulteriori tentativi verranno", "ainda não foi", "foi adiada", "continuará tentando", "está atrasad",
	"nog niet afgeleverd", "nog niet bezorgd", "vertraagd", "opóźnion", "jeszcze nie", "ещё не доставлен", "еще не доставлен", "задержан", "попытки доставки будут", "まだ配信", "遅延", "再送を続け", "再送信を試み", "尚未送达", "尚未投递", "延迟", "延遲", "稍后重试", "会继续尝试",
)

// finalPhrases say that it does not.
var finalPhrases = newWordSet(
	"giving up", "given up", "gave up", "permanent error", "permanent failure", "failed permanently", "permanently failed", "no further attempts", "will not be retried", "not be attempted", "could not be delivered", "cannot be delivered", "not try again", "is being returned", "has been returned", "delivery failed", "delivery has failed", "undeliverable",
	"endgültig", "dauerhaft", "definitiv", "permanente", "définitive", "définitivement", "ostatecznie", "окончательно", "恒久", "永久",
)

// helpWords occur in sentences that name whom to ask.
var helpWords = newWordSet(
	"contact", "question", "assistance", "help", "support", "further information", "more information", "inquir", "write to", "report this", "forward this", "bitte wenden", "wenden sie", "fragen", "kontakt", "veuillez", "contacter", "contactez", "aide", "contattare", "contatti", "informazioni", "póngase", "contacte", "ayuda", "contato", "contate", "ajuda", "neem contact", "vragen", "hulp", "skontaktuj", "pomoc", "обратитесь", "свяжитесь", "обращайтесь", "お問い合わせ", "問合せ", "ご連絡", "联系", "聯絡", "聯繫", "문의",
)

// recipientLabels stand before the address and a colon.
var recipientLabels = []string{
	"to", "recipient", "address", "mailbox", "user", "account", "delivered", "failed", "following", "empfänger", "adresse", "an:", "destinataire", "à", "pour", "destinatari", "a:", "para", "destinatário", "aan", "ontvanger", "adres", "do:", "odbiorc", "adresat", "кому", "получател", "адрес", "宛", "受信者", "送信先", "あて先", "收件人", "收件者", "收信人", "地址",
}

// reasonLabels stand before the reason and a colon.
var reasonLabels = []string{
	"error", "reason", "cause", "diagnostic", "response", "server response", "error message", "details", "status", "description", "problem", "explanation", "result",
	"grund", "fehler", "ursache", "fehlermeldung", "antwort", "raison", "erreur", "motif", "cause de l'erreur", "motivo", "error del servidor", "causa", "razón", "errore", "risposta", "erro", "razão", "reden", "fout", "oorzaak", "powód", "błąd", "przyczyna", "причина", "ошибка", "ответ сервера",
	"理由", "原因", "エラー", "エラー内容", "エラーメッセージ", "错误", "错误信息", "錯誤", "錯誤訊息", "詳細", "详情",
}
