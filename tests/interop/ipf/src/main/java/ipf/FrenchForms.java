package ipf;

import java.util.List;
import java.util.regex.Pattern;
import org.openehealth.ipf.commons.ihe.xds.core.ebxml.ebxml30.ProvideAndRegisterDocumentSetRequestType;
import org.openehealth.ipf.commons.ihe.xds.core.stub.ebrs30.lcm.SubmitObjectsRequest;
import org.openehealth.ipf.commons.ihe.xds.core.stub.ebrs30.query.AdhocQueryRequest;
import org.openehealth.ipf.commons.ihe.xds.core.stub.ebrs30.rim.ClassificationType;
import org.openehealth.ipf.commons.ihe.xds.core.stub.ebrs30.rim.ExternalIdentifierType;
import org.openehealth.ipf.commons.ihe.xds.core.stub.ebrs30.rim.RegistryObjectType;
import org.openehealth.ipf.commons.ihe.xds.core.stub.ebrs30.rim.SlotType1;

/**
 * What the French metadata say beyond IHE, taken off so that the IHE validators judge all the rest.
 *
 * <p>IHE leaves CX and XON without a type of identifier, and writes authorSpecialty as a CX; the DMP wants the type (NH,
 * PI; IDNST), and a speciality as code, label and OID.
 */
final class FrenchForms {
    private static final Pattern CX_TYPE = Pattern.compile("(\\^\\^\\^&[^&]*&ISO)\\^(NH|PI)\\b");
    private static final Pattern XON_TYPE = Pattern.compile("(&ISO)\\^IDNST\\^\\^\\^");

    private static final Pattern SPECIALITY = Pattern.compile("^([^^&]+)\\^[^^&]+\\^([0-9.]+)$");

    static void plain(Object body) {
        if (body instanceof ProvideAndRegisterDocumentSetRequestType feed) plain(feed.getSubmitObjectsRequest());
        else if (body instanceof SubmitObjectsRequest submit) {
            submit.getRegistryObjectList().getIdentifiable().forEach(one -> {
                if (one.getValue() instanceof RegistryObjectType object) plainObject(object);
            });
        } else if (body instanceof AdhocQueryRequest query) plainObject(query.getAdhocQuery());
    }

    private static void plainObject(RegistryObjectType object) {
        object.getSlot().forEach(FrenchForms::plainSlot);
        for (ClassificationType part : object.getClassification()) part.getSlot().forEach(FrenchForms::plainSlot);
        for (ExternalIdentifierType part : object.getExternalIdentifier()) part.setValue(plainText(part.getValue()));
    }

    private static void plainSlot(SlotType1 slot) {
        List<String> values = slot.getValueList().getValue();
        values.replaceAll(FrenchForms::plainText);
    }

    private static String plainText(String text) {
        String plain = CX_TYPE.matcher(text).replaceAll("$1");
        return SPECIALITY.matcher(XON_TYPE.matcher(plain).replaceAll("$1^^^^")).replaceAll("$1^^^&$2&ISO");
    }

    private FrenchForms() {}
}
