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
	"mail system error", "non-delivery", "nondeliver", "not delivered", "could not be delivered", "could not send", "bounce", "failed mail", "delayed", "unable to deliver", "could not deliver", "couldn't deliver", "message status", "delivery has failed", "mail error", "rejected", "blocked", "failure delivery", "message failed", "cannot be delivered",
	"unzustellbar", "zustellung", "non remis", "échec de", "non distribu", "no se puede entregar", "no se pudo entregar", "sin entregar", "error de entrega", "mancato recapito", "mancata consegna", "non recapitabile", "não entregue", "não foi possível", "falha na entrega", "onbestelbaar", "niet bezorgd",
	"niedostarcz", "nie można dostarczyć", "недостав", "не доставлено", "не удается доставить", "配信不能", "配信エラー", "送信エラー", "退信", "未送达", "無法傳遞", "배달되지",
	"nicht zugestellt", "nicht zustellbar", "zustellfehler", "fehler bei der", "remise", "n'a pas été", "livraison", "no entregado", "devuelto", "fallo en la entrega", "mensaje devuelto", "mancato", "recapito", "consegna non", "errore di consegna", "entrega", "devolvida", "niet afgeleverd", "bezorging", "aflevering", "zwrot", "niedoręcz", "nie dostarczono",
	"ошибка доставки", "возврат", "не удалось доставить", "未達", "不達", "配信できません", "配送不能", "配信失敗", "送信失敗", "エラーメール", "返送", "投递失败", "发送失败", "投遞失敗", "無法投遞", "未能送达", "无法投递", "반송", "전송 실패", "error sending", "an error", "problem delivering", "trouble delivering", "mail error", "mail problem", "returning", "virus detected", "viruses detected", "content violation", "disallowed attachment", "banned", "unsolicited bulk", "mailserver notification", "olevererbar", "kunde inte levereras", "kunne ikke leveres", "nedoručitel", "kézbesíthetetlen", "teslim edilemedi",
	"fehler beim", "mail failed", "warning: message", "couldn't be delivered", "wasn't delivered", "was not delivered", "not been delivered", "no delivery", "message delivery", "mail delivery", "email delivery", "delivery delay", "undelivr", "unknown user", "user unknown", "unknown address", "address unknown", "address not found", "mailbox full", "mailbox unavailable", "quota exceed", "over quota", "message blocked", "recipient inbox full", "postmaster notify", "message returned", "mail returned", "returned message", "return to sender", "not deliverable",
	"rücksendung", "zurückgesandt", "nicht ausgeliefert", "non délivré", "non livré", "retourné", "retornad", "niet verzonden", "niet geleverd", "teruggestuurd", "onbezorg",
	"配送エラー", "配達不能", "届きません", "送信でき", "配信に失敗", "送信に失敗", "宛先不明", "アドレス不明", "エラー通知", "送信不能", "未配信", "不能通知", "退回", "退件", "投递", "발송 실패", "전송되지", "전달되지", "nelivrat",
	"rückläufer", "non remise", "rejet de", "avis de non", "aviso de no", "aviso de não", "notificación de entrega", "notifica di", "notificação de", "afleverfout", "kon niet worden", "błąd dostarczenia", "недоставк", "возвращено", "お届けでき", "宛先エラー", "未达", "message refused", "sender notification", "undelivery", "nondelivery", "non delivery",
	"échec d'", "was not accepted", "not accepted", "受信拒否", "送信できません", "配送できません", "无法送达", "無法送達", "geweigerd", "teruggezonden", "avvisad", "afvist",
	"ndr:", "mensaje bloquead", "correo bloquead", "message bloqué", "messaggio bloccat", "mensagem bloquead", "nachricht blockiert", "e-mail blockiert", "bericht geblokkeerd", "письмо заблокирован", "сообщение заблокирован", "non consegnat", "kommt zurück", "message refusé", "courrier refusé",
	"rejeitad", "recusad", "rechazad", "rifiutat", "respint", "odrzucon", "отклонен", "отклонён", "reddedil", "拒否され", "被拒",
)

// digestSubjects are of lists of what a filter keeps from its user: they quote foreign subjects.
var digestSubjects = newWordSet("held message", "messages on hold", "email on hold", "spam digest", "user digest", "quarantine digest", "quarantine summary", "quarantine report", "quarantine notification")

// troubleSubjects may be about anything: they count in what a mail system sends.
var troubleSubjects = newWordSet(
	"fail", "problem", "konnte nicht", "nicht gesendet", "unbekannt", "fehlgeschlagen", "échec", "erreur", "n'a pas pu", "error en", "error al", "no se ha podido", "no ha podido", "rechazado", "fallo", "fallido", "errore", "impossibile", "respinto", "restituito", "erro:", "falha", "não pôde", "não foi", "mislukt", "błąd", "nie można", "nie została", "nie udało", "niepowodzenie", "odrzucon", "ошибка", "сбой", "отказ", "не может быть", "невозможно", "возвращ", "失败", "失敗", "无法", "無法", "找不到", "未成功", "실패", "오류", "teslim", "başarısız", "hata", "gönderilemedi", "misslyck", "mislyk", "epäonnist", "toimitta", "nezdař", "nepodař", "doruč", "sikertelen", "hiba", "eroare", "leveras", "levering", "leverans", "leveres",
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
	"nie została dostarczon", "nie został dostarczon", "nie zostało dostarczon", "nie zostać dostarczon", "nie mogła zostać dostarczon", "nie mogła być dostarczon", "nie może być dostarczon", "nie można dostarczyć", "nie można było dostarczyć", "nie udało się dostarczyć", "niedostarczaln", "niedostarczon", "nie dostarczono", "została odrzucon", "zostało odrzucon", "zwrócona do nadawcy",
	"не было доставлено", "не может быть доставлен", "не доставлен", "не удалось доставить", "не удаётся доставить", "не удается доставить", "невозможно доставить", "недоставлен", "отклонено", "было отклонен", "возвращено отправителю", "ошибка доставки", "сбой доставки", "не удалось отправить", "не может быть отправлен",
	"配信できません", "配信できなかった", "配信されません", "配送できません", "配達できません", "お届けできません", "お届けできなかった", "届けることができません", "送信できません", "送信できなかった", "送ることができません", "配信不能", "配達不能", "配信に失敗", "送信に失敗", "配送に失敗", "配信エラー", "送信エラー", "エラーのため", "返送", "不達", "届きません", "届いておりません", "送信できておりません",
	"退信", "投递失败", "发送失败", "递送失败", "发送不成功", "未能投递", "未能送达", "无法投递", "无法送达", "未送达", "被退回", "投遞失敗", "傳送失敗", "寄送失敗", "無法投遞", "無法送達", "無法傳送", "無法寄達", "未能送達", "退回",
	"배달되지", "배달하지 못", "전송 실패", "반송", "kunde inte levereras", "kunne ikke leveres", "ei voitu toimittaa", "nelze doručit", "nebylo možné doručit", "nemohla být doručen", "nemohl být doručen", "nedoručen", "nebolo možné doručiť", "nemohla byť doručen", "не вдалося доставити", "не може бути доставлен", "nije mogla biti isporučen", "ni bilo mogoče dostaviti", "не може да бъде доставен", "không thể gửi", "tidak dapat dikirim", "tidak dapat disampaikan", "ei saanud edastada", "nepavyko pristatyti", "neizdevās piegādāt", "teslim edilemiyor", "iletilemedi", "a fost respins", "nem kézbesíthető", "nem sikerült kézbesíteni", "teslim edilemedi", "nu a putut fi livrat", "no s'ha pogut lliurar", "δεν παραδόθηκε", "δεν ήταν δυνατή η παράδοση",
	"temporary problem delivering", "problem delivering your", "was not able to deliver", "has not been sent", "not been sent", "did not get through", "did not arrive", "has bounced", "returned undelivered", "could not be relayed", "could not be forwarded", "message not delivered", "mail not delivered", "email not delivered", "message was not", "not deliverable", "non-deliverable", "is no longer in use", "is not known here", "unknown recipient", "recipient unknown", "no such recipient",
	"konnte nicht an", "konnten nicht zugestellt", "konnte nicht gesendet", "kann nicht zugestellt", "nicht angenommen", "nicht bekannt", "unbekannter empfänger", "empfänger unbekannt", "konnte nicht ausgeliefert", "zurückgesandt", "kommt zurück", "zustellung nicht möglich", "zustellung war nicht möglich", "nicht versandt", "nicht versendet", "nicht erreicht",
	"n'a pas été remis", "n'a pas pu", "n'ont pas pu", "n'a pas été transmis", "n'a pas été envoyé", "n'a pas été distribué", "pas être acheminé", "pas pu aboutir", "n'est pas parvenu", "destinataire inconnu", "non délivré", "non livré", "n'existe pas",
	"no se ha entregado", "no ha sido posible", "no fue posible", "no pudo entregarse", "no pudo ser", "no ha podido", "no ha llegado", "no llegó", "no se envió", "mensaje devuelto", "usuario desconocido", "destinatario desconocido", "no entregable",
	"non è stato possibile", "non può essere", "non è potuto", "non è stata possibile", "non è stato inviato", "non è stata consegnata", "non consegnato", "non consegnat", "destinatario sconosciuto", "utente sconosciuto", "risulta sconosciut", "messaggio respinto", "impossibile inviare",
	"não foi possível", "não pôde ser", "não pode ser", "não foi enviad", "não chegou", "não foi entreg", "mensagem devolvida", "usuário desconhecido", "destinatário desconhecido", "não pude entregar", "falhou",
	"kon niet worden", "kan niet worden", "niet verzonden", "niet aangekomen", "is onbekend", "onbekende ontvanger", "is mislukt", "niet bestelbaar", "teruggestuurd", "niet geleverd",
	"nie może zostać dostarczon", "nie może zostać doręczon", "nie została doręczon", "nie zostało doręczon", "nie mogła zostać", "nie dotarła", "nie powiodło się", "nieznany adresat", "nie można wysłać", "nie została wysłana", "zwrot wiadomości", "zwrócona", "nie ma takiego",
	"не была доставлен", "не были доставлен", "не удалось", "невозможно отправить", "не отправлен", "не дошло", "возвращен", "возвращён", "нет такого", "отказано", "доставка невозможна", "не принято",
	"配送できなかった", "配達できなかった", "届けられません", "お届けすることができません", "送信されませんでした", "送れません", "送付できません", "到達しません", "到達できません", "受信できません", "エラーになりました", "エラーが発生", "存在しません", "存在しない", "見つかりません", "見つかりませんでした", "宛先不明", "戻ってきました", "届かなかった", "できませんでした",
	"投递未成功", "投递不成功", "未投递成功", "投递出错", "无法发送", "无法投送", "无法传递", "无法送到", "发送不了", "不能投递", "不能送达", "未成功", "未被送达", "没有送达", "传递失败", "退件", "遞送失敗", "傳遞失敗", "無法遞送", "無法傳遞", "下列收件者或群組失敗", "收件人或组失败", "無法送到", "未送達", "不存在",
	"전달할 수 없", "보낼 수 없", "전송할 수 없", "전송되지", "전달되지", "발송되지", "발송 실패", "발송에 실패", "전송에 실패", "전달 실패", "배달 실패", "배달할 수 없", "수신할 수 없", "반송되", "존재하지 않",
	"teslim edilemeyen", "teslimat başarısız", "teslim başarısız", "gönderilemedi", "gönderilemiyor", "ulaştırılamadı", "iletilemiyor", "kunde inte skickas", "kunde inte nå", "kunne ikke sendes", "kunne ikke nå", "ei voitu lähettää", "ei onnistunut", "epäonnistui", "misslyckades", "mislykkedes", "mislyktes", "nepodařilo", "se nezdařilo", "nedoručena", "не вдалося", "sikertelen", "nem sikerült", "nu a putut", "nu s-a putut", "δεν ήταν δυνατή", "απέτυχε",
	"was stopped", "has been stopped", "could not be found", "cannot be found", "couldn't be found", "has not been delivered", "haven't been delivered", "was discarded", "has been discarded", "was deleted", "was dropped", "was intercepted", "has been waiting", "配信が遅延", "配信が遅れ",
	"zurückgewiesen", "abgewiesen", "nicht weitergeleitet", "weitergeleitet werden konnte", "a été bloqué", "a été refusée", "a été rejetée", "fue devuelto", "fue rechazada", "è stata respinta", "è stata rifiutata", "foi recusada", "foi bloquead", "werd tegengehouden", "geblokkeerd", "zablokowan", "заблокировано", "отклонён", "отклонен", "ブロックされ", "拒否されました", "被拒收", "被拒绝", "被拒絕", "被对方拒", "차단되", "거부되", "reddedildi", "engellendi", "avvisades", "afvist", "hylättiin", "odmítnut",
	"addresses failed", "recipients failed", "recipient failed", "address failed", "could not find anyone", "cannot be reached", "is being returned", "being returned to you", "nimmt keine nachrichten", "nimmt keine e-mails", "nicht mehr gültig", "impossible d'envoyer", "impossible d'acheminer", "impossible de transmettre", "no es posible entregar", "no se puede enviar", "impossibile inoltrare", "não é possível entregar", "impossível entregar", "kan niet afgeleverd", "kan niet bezorgd", "nie można doręczyć", "не принимает", "受信拒否", "応答しません",
	"nicht abgeliefert", "supera la dimensione", "was not accepted", "were not accepted", "not delivered", "not passed on", "not been passed on", "not been forwarded", "been dropped", "nondelivery", "not able to pass your", "unable to pass your", "could not accept your", "message has been deleted", "mail has been deleted", "will not be forwarded", "non ha potuto recapitare", "non ha potuto consegnare", "nachricht wurde gelöscht", "mail wurde gelöscht", "gibt es nicht mehr", "could not be routed", "cannot route your", "removed from the queue", "came back to us", "wurde verworfen", "could not store your", "could not be stored", "forwarding failed", "nebyla doručena", "nebyl doručen", "nebylo doručeno", "levererades inte", "blev ikke leveret", "ble ikke levert", "ei toimitettu", "nem lett kézbesítve", "teslim edilmedi", "nu a fost livrat", "ha sido eliminado", "fue eliminado", "a été supprimé", "è stato eliminato", "foi eliminad", "foi excluíd",
)

// arrivedPhrases say that a message did arrive, perhaps without its attachment.
var arrivedPhrases = newWordSet(
	"has been delivered", "was delivered", "were delivered", "been forwarded", "been cleaned", "was cleaned", "been disinfected", "been removed", "wurde zugestellt", "a été remis", "fue entregado", "è stato consegnato", "foi entregue",
)

// reasonWords occur where reports give the reason.
var reasonWords = newWordSet(
	"unknown", "no such", "not found", "not exist", "doesn't exist", "unavailable", " full", "-full", "over quota", "overquota", "quota", "exceed", "invalid", "disabled", "inactive", "suspended", "deactivated", "not listed", "no mailbox", "not a valid", "unrouteable", "unroutable", "unreachable", "timed out", "timeout", "refused", "rejected", "reject", "blocked", "denied", "expired", "spam", "policy", "too large", "too big", "relay", "no mx", "cannot find", "can't find", "not accept", "no longer", "closed", "terminated", "not allowed", "prohibited", "error",
	"unbekannt", "existiert nicht", "voll", "überschritten", "ungültig", "nicht gefunden", "gesperrt", "abgelehnt", "nicht erreichbar", "deaktiviert", "zu groß", "inconnu", "n'existe pas", "plein", "saturé", "introuvable", "invalide", "désactivé", "dépass", "refusé", "injoignable",
	"desconocid", "no existe", " llen", "no encontrad", "inválid", "excedid", "rechazad", "sconosciut", "inesistente", "non esiste", "piena", "pieno", "non trovat", "non valid", "superat", "rifiutat", "desconhecid", "não existe", "inexistente", "cheia", "cheio", "inválid", "excedid", "rejeitad", "recusad",
	"onbekend", "bestaat niet", "vol ", "niet gevonden", "ongeldig", "overschreden", "geweigerd", "nieznan", "nie istnieje", "pełna", "przepełnion", "nieprawidłow", "przekroczon", "nie znaleziono", "odrzucon",
	"неизвест", "не существует", "переполнен", "не найден", "недействит", "превышен", "заблокирован", "отклон", "несуществ", "存在しません", "存在しない", "見つかり", "不明", "いっぱい", "容量", "無効", "該当", "ありません", "超過", "拒否", "制限", "お確かめ", "満杯",
	"不存在", "已满", "已滿", "找不到", "无效", "無效", "拒收", "拒绝", "拒絕", "超过", "超出", "超過", "禁用", "不可用", "错误", "錯誤", "失败", "失敗", "존재하지", "가득",
	"not known", "not recognized", "not recognised", "unrecognized", "unrecognised", "does not respond", "did not respond", "not responding", "no response", "unable to connect", "could not connect", "over its", "storage", "limit", "bad address", "bad destination", "no user", "unknown user", "no account", "is not active", "not active", "not permitted", "not authorized", "unauthorized",
	"nicht bekannt", "unzulässig", "nicht vorhanden", "kein benutzer", "keine mailbox", "kein postfach", "répertorié", "pleine", "désactivée", "inactif", "fermé", "suspendu", "inexistant", "superad", "suspendid", "desactivad", "deshabilitad", "inactiv", "bloquead", "disattivat", "sospes", "inattiv", "bloccat", "suspens", "desativad", "não encontrad", "is vol", "vol is", "uitgeschakeld", "geblokkeerd", "niet actief", "pełn", "zablokowan", "nieaktywn", "brak", "nie ma", "не активен", "отключен", "удален", "нет такого", "закрыт", "ошибк", "превыш", "使われておりません", "使用されていません", "使用できません", "利用停止", "停止され", "受け取れません", "上限", "オーバー", "一杯", "ブロック", "迷惑", "解約", "廃止",
	"停用", "冻结", "凍結", "黑名单", "垃圾", "查无", "查無", "无此", "無此", "没有此", "沒有此", "空间不足", "空間不足", "频率", "被拒", "초과", "부족", "찾을 수 없", "거부", "차단", "중지", "휴면", "없는", "dolu", "bulunamadı", "geçersiz", "kapalı", "reddedildi", "aşıldı", "okänd", "finns inte", "fullt", "ukendt", "findes ikke", "fuld", "ukjent", "finnes ikke", "tuntematon", "täynnä", "ei löydy", "neznám", "neexistuje", "plná", "nem létezik", "ismeretlen", "megtelt", "betelt", "nu există", "necunoscut", " plin",
	"unsolicited", "(ube)", "bulk e", "virus", "could not be found", "cannot be found", "infected", "greylist", "zeitüberschreitung", "verbindung", "délai", "connexion", "tiempo de espera", "conexión", "tempo scaduto", "connessione", "tempo esgotado", "conexão", "verbinding", "time-out", "limit czasu", "połączeni", "время ожидания", "соединени", "не отвечает", "недоступ", "タイムアウト", "接続", "応答が", "连接", "超时", "連線", "逾時", "연결", "시간", "zaman aşımı", "bağlantı",
	"not valid", "loop", "too old", "sperrliste", "blacklist", "blocklist", "zurückgewiesen", "abgewiesen", "verweigert", "keine e-mail", "n'existe", "aucun", "liste noire", "lista negra", "lista nera", "登録されて", "登録がありません", "自動転送", "такого", "ningun", "ningún", "nessun", "nenhum", "geen",
	"odnalezion", "reconnu", "nicht mehr gültig", "nicht mehr vorhanden", "n'est plus", "no longer valid", "ya no es", "non è più", "não é mais", "niet meer", "больше не", "δεν υπάρχει", "δεν βρέθηκε", "άγνωστο", "πλήρες", "заблоковано", "не існує", "переповнен",
	"left the company", "left our", "retired", "too many hops", "not know this", "not know the recipient", "n't there", "neither a mailbox", "nicht eingerichtet", "maximum size", "no anyone", "anyone named", "応答しません",
	"n't found", "encrypt", "has moved", "has been deleted", "larger than", "at most", "listed", "too many",
)

// retryPhrases say that the server goes on trying.
var retryPhrases = newWordSet(
	"warning message only", "this is a warning only", "do not need to resend", "don't need to resend", "no need to resend", "need to send it again", "not been sent yet", "we keep trying", "be delivered so far", "been delivered so far", "will try until", "will continue to be attempted", "not yet been delivered", "hasn't been delivered yet", "has not been delivered yet", "will keep trying", "will continue trying", "will continue to try", "will continue attempting", "will continue to attempt", "is still trying", "continues to try", "will be retried", "will retry", "still being retried", "will try again", "will be tried again", "attempts to deliver the message will continue", "further attempts will be made", "delivery attempts will continue", "delivery will be attempted", "we'll keep trying", "trying to deliver your message for", "not delivered yet", "not yet delivered", "will go on trying", "goes on trying", "keeps trying", "keep on trying",
	"weiterhin versucht", "weiter versucht", "weiterhin versuchen", "weitere zustellversuche", "versucht es weiter", "erneut versuchen, die nachricht", "wird erneut versucht", "noch nicht zugestellt", "continuera d'essayer", "continuera à essayer", "n'a pas encore été", "tentatives se poursuiv", "nouvelles tentatives", "se seguirá intentando", "seguirá intentando", "continuará intentando", "todavía no se ha", "aún no se ha", "no se ha entregado todavía", "ulteriori tentativi verranno", "continuerà a tentare", "continuerà a provare", "non è ancora stat", "non è stato ancora", "continuará tentando", "continuará a tentar", "tentará novamente", "ainda não foi",
	"nog niet afgeleverd", "nog niet bezorgd", "blijft proberen", "opnieuw geprobeerd", "jeszcze nie", "będzie ponawia", "próby będą kontynuowane", "kolejne próby", "ещё не доставлен", "еще не доставлен", "попытки доставки будут", "попытки будут", "будут продолжены", "まだ配信", "再送を続け", "再送信を試み", "引き続き", "再送いたします", "再送します", "尚未送达", "尚未投递", "稍后重试", "会继续尝试", "将继续尝试", "繼續嘗試", "계속 시도", "denemeye devam", "fortsætter med at forsøge", "kommer att fortsätta", "yritetään edelleen", "bude i nadále",
)

// delayPhrases say that it is not there yet.
var delayPhrases = newWordSet(
	"has been delayed", "is delayed", "temporarily delayed", "delivery incomplete", "delivery is delayed", "delay in", "temporary problem", "temporary failure", "temporarily unable to deliver", "still in the queue", "still in the outgoing", "still in the mail queue", "still in our", "still waiting in", "still in queue", "still queued",
	"zustellung verzögert", "verzögerte zustellung", "verzögert sich", "vorübergehende", "remise retardée", "remise différée", "est retardée", "problème temporaire", "se ha retrasado", "está retrasad", "problema temporal", "in ritardo", "ritardata", "posticipat", "problema temporaneo", "foi adiada", "está atrasad", "atrasada", "problema temporário", "vertraagd", "vertraging", "tijdelijk probleem", "opóźni", "задерж", "временная ошибка", "временная проблема", "временно", "遅延", "遅れて", "一時的", "延迟", "延遲", "暂时", "지연", "일시적", "gecik", "geçici", "försen", "forsinket", "viivästy", "zpoždě", "késleltet", "καθυστέρ", "întârzi",
)

// delaySubjects are parts of the subjects of such reports.
var delaySubjects = newWordSet(
	"delay", "still being retried", "delivery incomplete", "verzögert", "verzögerung", "retard", "différé", "ritardat", "adiad", "atrasad", "atraso", "retras", "vertraagd", "vertraging", "opóźni", "задерж", "遅延", "延迟", "延遲", "지연", "gecik", "försen", "fördröj", "forsink", "viivästy", "zpoždě", "posticipat", "késleltet", "καθυστέρ", "întârzi", "temporary failure", "temporary error", "warning: could not send", "not yet delivered",
)

// finalPhrases say that nothing will be tried again.
var finalPhrases = newWordSet(
	"giving up", "given up", "gave up", "permanent error", "permanent failure", "permanent fatal", "failed permanently", "permanently failed", "no further attempts", "will not be retried", "will not retry", "not be attempted", "not try again", "not try to redeliver", "is being returned", "has been returned", "being returned to you", "too old", "expired",
	"endgültig", "dauerhaft", "keine weiteren zustellversuche", "definitiv", "permanente", "définitive", "définitivement", "ostatecznie", "окончательно", "больше не будут", "恒久", "永久",
	"niet opnieuw geprobeerd", "nicht erneut versucht", "nicht mehr versucht", "no se volverá a intentar", "no se reintentará", "non verranno effettuati ulteriori", "nie będzie ponawiana", "nie będą ponawiane", "再送は行いません", "再送信は行いません", "再送いたしません", "不再重试", "不再尝试", "不会再次尝试", "다시 시도하지 않", "tekrar denenmeyecek",
)

// failedSubjects outweigh the delayPhrases, which may speak of the mailbox: "suspended for now".
var failedSubjects = newWordSet(
	"failure notice", "unzustellbar", "fehlgeschlagen", "échec", "non remis", "error de entrega", "fallo en la entrega", "devuelto", "mancata consegna", "mancato recapito", "falha na entrega", "devolvid", "onbestelbaar", "niet bezorgd", "niedostarcz", "недостав", "не доставлено", "возврат",
	"送信エラー", "配信エラー", "配送エラー", "配信不能", "送信失敗", "配信失敗", "退信", "退件", "投递失败", "发送失败", "无法投递", "반송", "전송 실패", "teslim edilemedi", "nedoručit",
)

// failedPhrases say so less surely: a delay may be told with them too.
var failedPhrases = newWordSet(
	"could not be delivered", "cannot be delivered", "delivery failed", "delivery has failed", "undeliverable",
)

// helpWords occur in sentences that name whom to ask.
var helpWords = newWordSet(
	"contact", "question", "assistance", "help", "support", "further information", "more information", "inquir", "write to", "report this", "forward this", "bitte wenden", "wenden sie", "fragen", "kontakt", "veuillez", "contacter", "contactez", "aide", "contattare", "contatti", "informazioni", "póngase", "contacte", "ayuda", "contato", "contate", "ajuda", "neem contact", "vragen", "hulp", "skontaktuj", "pomoc", "обратитесь", "свяжитесь", "обращайтесь", "お問い合わせ", "問合せ", "ご連絡", "联系", "聯絡", "聯繫", "문의",
	"kontaktieren", "rückfragen", "en cas de", "s'adresser", "adressez", "escriba", "consulte", "para más", "per ulteriori", "rivolgersi", "scrivere a", "dúvidas", "entre em", "voor meer", "w razie", "prosimy o kontakt", "по вопросам", "если у вас", "пишите", "までお", "お問合せ", "ご不明", "请与", "客服", "咨询", "如有", "如需", "문의하", "연락", "iletişime", "yardım", "başvurun", "kontakta", "henvend", "ota yhteyttä",
)

// yourMessage is how reports speak to the sender.
var yourMessage = []string{
	"your message", "your mail", "your e-mail", "your email", "message sent by you", "message you sent", "mail you sent", "email you sent", "e-mail you sent", "message that you sent", "mail that you sent", "email from you", "mail from you", "message from you", "ihre nachricht", "ihrer nachricht", "ihre e-mail", "ihrer e-mail", "ihre mail", "deine nachricht", "deine mail", "votre message", "votre e-mail", "votre courrier", "votre mail", "message que vous avez envoyé", "su mensaje", "tu mensaje", "su correo", "mensaje que envió", "mensaje que ha enviado", "mensaje enviado por usted", "il suo messaggio", "il tuo messaggio", "il messaggio inviato", "messaggio da lei inviato", "sua mensagem", "mensagem que você enviou", "mensagem enviada por você", "seu e-mail", "uw bericht", "uw e-mail", "je bericht", "twoja wiadomość", "państwa wiadomość", "ваше письмо", "ваше сообщение", "お送りいただいた", "送信されたメール", "お客様が送信", "您的邮件", "您发送的邮件", "您發送的郵件", "您的郵件", "보내신 메일", "iletiniz", "mesajınız", "e-postanız",
}

// newsWords occur in what mail systems tell their users about an account.
var newsWords = newWordSet(
	"password", "passwort", "kennwort", "mot de passe", "contraseña", "senha", "wachtwoord", "hasło", "пароль", "パスワード", "密码", "密碼", "비밀번호", "şifre", "log in", "sign in", "welcome to", "statistics", "statistik", "maintenance on",
)

// writerWords stand before the address of who wrote the message.
var writerWords = []string{"message from", "messages from", "email from", "emails from", "e-mail from", "e-mails from", "sent by", "sent to you by", "from the alias", "from alias", "claiming to be from", "nachricht von", "e-mail von", "message de", "mensaje de", "messaggio di", "mensagem de", "bericht van", "wiadomość od", "письмо от", "сообщение от"}

// insteadWords stand before an address that is to be used in place of the recipient's.
var insteadWords = []string{
	"please use", "please try", "please write to", "please send", "use instead", "instead use", "new address", "new email", "new e-mail", "closest match", "did you mean", "has moved to", "has changed to", "neue adresse", "neue e-mail", "bitte verwenden", "bitte nutzen", "nouvelle adresse", "veuillez utiliser", "nueva dirección", "utilice", "nuovo indirizzo", "utilizzare", "novo endereço", "novo e-mail", "nieuwe adres", "nieuw adres", "nowy adres", "новый адрес", "新しい", "新邮箱", "新地址", "yeni adres",
}

// movedWords say where mail for the recipient goes now.
var movedWords = newWordSet(
	"new address", "new email address", "new e-mail address", "has moved to", "has changed to", "neue adresse", "neue e-mail", "nouvelle adresse", "nueva dirección", "nuovo indirizzo", "novo endereço", "nieuwe adres", "nieuw adres", "nowy adres", "новый адрес", "新しいアドレス", "新しいメールアドレス", "新邮箱", "新地址", "yeni adres",
)

// recipientLabels stand before the address and a colon.
var recipientLabels = []string{
	"to", "recipient", "address", "mailbox", "user", "account", "delivered", "failed", "following", "empfänger", "adresse", "an:", "destinataire", "à", "pour", "destinatari", "a:", "para", "destinatário", "aan", "ontvanger", "adres", "do:", "odbiorc", "adresat", "кому", "получател", "адрес", "宛", "受信者", "送信先", "あて先", "收件人", "收件者", "收信人", "地址",
	"rcpt", "member", "addressee", "destination", "intended", "email address", "sent to", "undeliverable", "unknown", "not found", "empfängeradresse", "zieladresse", "benutzer", "postfach", "kunde", "utilisateur", "compte", "usuario", "cuenta", "dirección", "dirigido", "correo", "utente", "indirizzo", "casella", "usuário", "endereço", "conta", "enviado", "gebruiker", "naar", "postvak", "użytkownik", "skrzynk", "na adres", "пользователь", "ящик", "адресат", "送り先", "届け先", "メールアドレス", "アドレス", "宛て", "用户", "使用者", "收件", "发往", "寄往", "받는", "수신자", "수신인", "주소", "alıcı", "kullanıcı", "mottagare", "modtager", "mottaker", "vastaanottaja", "příjemce", "címzett", "destinatar",
}

// recipientNames are labels that leave no doubt, whoever stands behind them.
var recipientNames = [...]string{
	"to", "recipient", "recipients", "rcpt to", "recipient address", "original recipient", "final recipient", "failed recipient", "undelivered to", "addressee", "an", "empfänger", "destinataire", "à", "destinatario", "para", "destinatário", "a", "aan", "ontvanger", "do", "odbiorca", "adresat", "кому", "получатель", "宛先", "受信者", "收件人", "收件者", "받는 사람", "수신자", "mottagare", "modtager", "mottaker", "vastaanottaja", "příjemce", "címzett", "alıcı",
}

// addressedWords stand before the address that the reader's own message was sent to.
var addressedWords = []string{
	"your message to", "your mail to", "your e-mail to", "your email to", "you sent to", "message sent to", "mail sent to", "email sent to", "message addressed to", "mail addressed to",
	"ihre nachricht an", "ihre e-mail an", "ihre mail an", "deine nachricht an", "deine e-mail an", "votre message à", "votre courrier à", "votre e-mail à", "votre message destiné à", "votre message adressé à", "votre message pour", "su mensaje a", "su mensaje para", "su correo a", "mensaje enviado a", "correo enviado a", "suo messaggio a", "messaggio inviato a", "sua mensagem para", "mensagem enviada para", "seu e-mail para", "uw bericht aan", "uw e-mail aan", "je bericht aan", "twoja wiadomość do", "wysłana na adres", "wysłana do", "ваше письмо для", "ваше письмо на адрес", "ваше сообщение для",
}

// successHeadings stand over a list of those who did get the message.
var successHeadings = newWordSet(
	"successfully", "delivered to the following", "was delivered", "were delivered", "has been delivered", "have been delivered", "erfolgreich", "wurde zugestellt", "wurden zugestellt", "avec succès", "a été remis", "con éxito", "correttamente", "com sucesso", "succesvol", "pomyślnie", "успешно", "正常に配信", "配信されました", "成功投递", "投递成功",
)

// inboundPhrases tell the one a message was for about it: nothing the reader sent has failed.
var inboundPhrases = newWordSet(
	"mail sent to you", "message sent to you", "sent to you by", "sent to you from", "addressed to you", "an email to you", "an e-mail to you", "a mail to you", "a message to you", "mails to you", "messages to you",
	"eine nachricht an sie", "eine e-mail an sie", "an sie gerichtete", "an sie gesendete", "qui vous était adress", "qui vous était destin", "qui vous est destin", "dirigido a usted", "enviado a usted", "a lei indirizzat", "a lei inviat", "destinada a você", "enviada para você", "aan u gericht", "aan u gestuurd",
)

// guessPhrases stand in sentences that say what may have happened, or what to do then.
var guessPhrases = []string{
	"possible cause", "possible reason", "possible explanation", "common cause", "common reason", "could be because", "may be because", "might be because", "could be that", "may be that", "might be that", "could mean", "may mean", "might mean", "most likely", "probably because", "probably means", "check whether", "check if", "verify whether", "verify if", "if the user", "if the address", "if this address", "if the mailbox", "if the recipient", "if the account",
	"mögliche gründe", "mögliche ursache", "möglicherweise", "vermutlich", "prüfen sie, ob", " falls d", "raisons possibles", "causes possibles", "il se peut que", "peut-être", "si l'adresse", "posibles causas", "posibles motivos", "posibles razones", "es posible que", "puede que", "tal vez", "si la dirección", "possibili cause", "possibili motiv", "è possibile che", "potrebbe", "possíveis causas", "possíveis motivos", "é possível que", "talvez", "pode ser que",
	"mogelijke oorza", "mogelijke reden", "wellicht", "możliwe przyczyny", "możliwe powody", "być może", "возможные причины", "возможно,", "考えられ", "可能性が", "可能的原因", "可能原因", "可能是",
}

var guessWords = newWordSet(guessPhrases...)

// titleWords name the subject of a message: its words are the sender's.
var titleWords = []string{
	"subject", "subject of", "subject line", "titled", "entitled", "betreff", "sujet", "objet", "asunto", "oggetto", "assunto", "onderwerp", "temat", "temacie", "tematem", "тема", "темой", "件名", "主题", "主題", "konu", "ämne", "emne", "předmět",
}

var titleLabels = newWordSet(titleWords...)

// notWords turn a word of success round.
var notWords = [...]string{"not ", "n't ", "nicht ", " pas ", "no ", "non ", "não ", "niet ", "nie ", "не ", "ません", "未", "不"}

// reasonLabels stand before the reason and a colon.
var reasonLabels = []string{
	"error", "reason", "cause", "diagnostic", "response", "server response", "error message", "details", "status", "description", "problem", "explanation", "result",
	"grund", "fehler", "ursache", "fehlermeldung", "antwort", "raison", "erreur", "motif", "cause de l'erreur", "motivo", "error del servidor", "causa", "razón", "errore", "risposta", "erro", "razão", "reden", "fout", "oorzaak", "powód", "błąd", "przyczyna", "причина", "ошибка", "ответ сервера",
	"理由", "原因", "エラー", "エラー内容", "エラーメッセージ", "错误", "错误信息", "錯誤", "錯誤訊息", "詳細", "详情",
	"reason for failure", "failure reason", "reason of failure", "reason for the failure", "cause of failure", "the reason", "delivery error", "error code", "error description", "error text", "remote error", "remote server", "the error was", "server said", "remote host said", "remote server said", "remote server replied", "server replied", "diagnostic code", "diagnostic information", "diagnosis", "failure", "smtp error", "smtp response", "technical details", "message from server", "bounce reason",
	"begründung", "fehlerbeschreibung", "fehlercode", "meldung", "serverantwort", "antwort des servers", "fehlerursache", "message d'erreur", "réponse du serveur", "détail", "détails", "motif du rejet", "code d'erreur", "cause du rejet", "error devuelto", "respuesta del servidor", "mensaje de error", "detalle", "descripción", "risposta del server", "messaggio di errore", "dettagli", "descrizione", "motivazione", "resposta do servidor", "mensagem de erro", "detalhes", "descrição", "causa do erro", "foutmelding", "antwoord van de server", "oorzaak van de fout", "opis błędu", "treść błędu", "komunikat", "odpowiedź serwera", "описание", "текст ошибки", "ответ", "подробности", "причина ошибки", "причина недоставки",
	"エラー理由", "エラー詳細", "エラー原因", "詳細内容", "配信できなかった理由", "不達理由", "返信内容", "サーバ応答", "応答", "退信原因", "失败原因", "失敗原因", "退件原因", "失败信息", "错误原因", "错误描述", "返回信息", "出错原因", "사유", "실패사유", "실패 사유", "원인", "오류", "오류 내용", "neden", "hata", "sebep", "hata mesajı", "orsak", "fel", "årsag", "fejl", "årsak", "feil", "syy", "virhe", "důvod", "chyba", "hiba", "motiv", "motivul", "αιτία", "λόγος", "σφάλμα", "помилка",
}
