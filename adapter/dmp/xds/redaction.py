"""What a server wrote, left to read without what may speak of a patient."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_MAX_DETAIL: Final = 300
_WORD: Final = re.compile(r"\S+")
_ELIDED: Final = re.compile(r"(?:[cdjlmnst]|qu)['’](?=\w)")  # both apostrophes are written
# Words that speak of messages and never of people; a lexicon, as a name may be written in any case.
_WORDS: Final = frozenset(
    """
    a absent absente accepted access accès actif action active already ancien and annoncé annoncée are association
    associations attendu attendue attribut attribute attributs au aucun aucune author autorisation autorisé
    autorisée autorité autorités autre aux avec bad be by bytes calculated cannot cda ce certificat certificate
    certificats cette champ champs class classe classification clé closed code codes confiance content contenu
    correspond correspondance correspondent correspondre dans date de demande denied des deux déjà délai dépasse
    dépassé different différent différente différents digest dmp document documents does doit double du ebxml
    empreinte en encore entre entry envoyé erreur error est et exceeded exceeds exist existe exists expected expired
    expiré expirée élément émetteur émis émise être facility fermé fermée field format found from gestion has hash
    have header hors identifiant identifiants identifier identifiers in inactif inactive inconnu inconnue incorrect
    incorrecte indisponible ins interdit interdite internal interne invalid invalide is la large le les limit limite
    longueur lot manquant manquante manque match matches media message metadata métadonnée métadonnées mime missing
    mode must mutuelle ne nom non not number object objet obligatoire octets of oid on ou par parameter paramètre
    pas patient plus pour présent présente profession professionnel que query qui refused refusé refusée registre
    registry rejected rejeté rejetée remplacement repository requête required requis requise retrieve revoked
    révoqué révoquée role rôle same sans schematron scheme schéma secteur sector service session set should
    signature signed signé signée size slot soap soumission spécialité status statut structure submission submitted
    sur system système taille temps the time tls to too trop trusted type un unavailable une unique unknown
    utilisateur valable valeur valeurs valid valide value values version vihf volumineux with wrong xml
    """.split()
)
_NAME: Final = re.compile(r"(?:XDS|DMP|urn:(?:oasis|ihe|asip|uuid):)[A-Za-z0-9_.:\-]{0,120}")
_CAMEL: Final = re.compile(
    r"[a-z]+(?:Patient|Unique|Service|Facility|Setting|Type|Start|Stop)*"
    r"(?:Id|UID|UniqueId|PatientId|Code|CodeList|Time|Info|Person|Institution|Role|Specialty|Authenticator)"
)
_DIGITS: Final = re.compile(r"[0-9]{6}")  # a date or the identifier of somebody
_OID: Final = re.compile(r"[012](?:\.(?:0|[1-9][0-9]{0,11})){3,30}")


def cut(text: str, secrets: Collection[str] = ()) -> str:
    """What a server wrote, without what may speak of a patient: at most 300 characters.

    Only words of a lexicon, names of XDS and of the DMP, attributes in mixed case and OIDs are kept; all the rest
    becomes ``…``, and so does every word of `secrets`.
    """
    hidden = {word.lower() for secret in secrets for word in re.findall(r"\w+", secret)}
    kept: list[str] = []
    for found in _WORD.finditer(text[: 10 * _MAX_DETAIL]):
        word = found.group().strip('.,;:!?()[]"«»')
        if not word:
            continue
        plain = _ELIDED.sub("", word.lower(), count=1)
        shown = plain in _WORDS or any(kind.fullmatch(word) for kind in (_NAME, _CAMEL, _OID))
        shown = shown and not (_DIGITS.search(word) and not _OID.fullmatch(word))
        if shown and plain not in hidden and not any(secret and secret in word for secret in secrets):
            kept.append(word)
        elif not kept or kept[-1] != "…":
            kept.append("…")
    return " ".join(kept)[:_MAX_DETAIL]
