package judge;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.hl7.fhir.r4.model.ElementDefinition;
import org.hl7.fhir.r4.model.ElementDefinition.ElementDefinitionConstraintComponent;
import org.hl7.fhir.r4.model.Enumerations.BindingStrength;
import org.hl7.fhir.r4.model.StructureDefinition;

/**
 * Published profiles that the validator cannot evaluate as they stand, put right in memory so that all else is judged.
 *
 * <p>Each repair changes how a slice is told, or an expression that does not parse; none loosens what is asked.
 */
final class Repairs {
    private static final String DOCUMENT = "https://interop.esante.gouv.fr/ig/fhir/document-core/StructureDefinition/";
    private static final String CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/";

    /** A slice told by a value set needs a required binding on the very element of the discriminator. */
    private static final Map<String, Consumer<StructureDefinition>> BY_PROFILE = Map.of(
            CORE + "fr-core-patient-ins", d -> {
                require(d, "Patient.contact.relationship:role");
                require(d, "Patient.contact.relationship:relationType");
            },
            DOCUMENT + "fr-practitionerRole-document",
            d -> lift(d, "PractitionerRole.code:functionCode.coding", "PractitionerRole.code:functionCode"),
            DOCUMENT + "fr-encounter-care-document",
            d -> lift(d, "Encounter.participant:responsibleParty.type.coding",
                    "Encounter.participant:responsibleParty.type"));

    static void mend(StructureDefinition definition) {
        BY_PROFILE.getOrDefault(definition.getUrl(), d -> {}).accept(definition);
        for (ElementDefinition element : elements(definition)) {
            for (ElementDefinitionConstraintComponent rule : element.getConstraint()) {
                String told = rule.getExpression();
                // Published with one closing bracket too many.
                if ("fr-core-3".equals(rule.getKey()) && told != null && told.endsWith("'99999')")) {
                    rule.setExpression(told.substring(0, told.length() - 1));
                }
            }
        }
    }

    private static void require(StructureDefinition definition, String id) {
        element(definition, id).getBinding().setStrength(BindingStrength.REQUIRED);
    }

    private static void lift(StructureDefinition definition, String from, String to) {
        element(definition, to).setBinding(element(definition, from).getBinding().copy());
    }

    private static List<ElementDefinition> elements(StructureDefinition definition) {
        return definition.getSnapshot().getElement();
    }

    private static ElementDefinition element(StructureDefinition definition, String id) {
        return elements(definition).stream().filter(e -> id.equals(e.getId())).findFirst()
                .orElseThrow(() -> new IllegalStateException("no element " + id + ": is the repair still needed?"));
    }

    private Repairs() {}
}
