package judge;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.MetadataResource;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * One line per message: file, severity, place, rule, text, tab separated; then one line {@code file<TAB>judged}.
 *
 * <p>Arguments: folder of the FHIR packages, then files to judge, each optionally followed by {@code =PROFILE}.
 */
public final class FhirJudge {
    private static final String BASE = "hl7.fhir.r4.core"; // HAPI brings the whole of it

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        FhirContext context = FhirContext.forR4();
        FhirValidator validator = validator(context, Path.of(args[0]));
        for (int i = 1; i < args.length; i++) {
            String[] asked = args[i].split("=", 2);
            ValidationOptions options = new ValidationOptions();
            if (asked.length == 2) options.addProfile(asked[1]);
            String text = Files.readString(Path.of(asked[0]));
            for (SingleValidationMessage m : validator.validateWithResult(text, options).getMessages()) {
                out.println(String.join("\t", asked[0], m.getSeverity().getCode(), line(m.getLocationString()),
                        line(m.getMessageId()), line(m.getMessage())));
            }
            out.println(asked[0] + "\tjudged");
        }
    }

    private static String line(String text) {
        return text == null ? "" : text.replaceAll("\\s+", " ").strip();
    }

    private static FhirValidator validator(FhirContext context, Path packages) throws IOException {
        PrePopulatedValidationSupport kit = new PrePopulatedValidationSupport(context);
        for (Path file : definitions(packages)) {
            IBaseResource resource = context.newJsonParser().parseResource(Files.readString(file));
            if (resource instanceof StructureDefinition definition) Repairs.mend(definition);
            if (resource instanceof MetadataResource) kit.addResource(resource);
        }
        UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
        unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
        ValidationSupportChain chain = new ValidationSupportChain(kit, new DefaultProfileValidationSupport(context),
                new CommonCodeSystemsTerminologyService(context), new InMemoryTerminologyServerValidationSupport(context),
                new SnapshotGeneratingValidationSupport(context), unknown);
        FhirInstanceValidator module = new FhirInstanceValidator(chain);
        module.setErrorForUnknownProfiles(false);
        module.setAnyExtensionsAllowed(true);
        module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
        module.setNoExtensibleWarnings(true);
        return context.newValidator().registerValidatorModule(module);
    }

    private static List<Path> definitions(Path packages) throws IOException {
        List<Path> found = new ArrayList<>();
        try (Stream<Path> folders = Files.list(packages)) {
            for (Path folder : folders.filter(f -> !f.endsWith(BASE)).sorted().toList()) {
                if (!Files.isDirectory(folder.resolve("package"))) continue;
                try (Stream<Path> files = Files.list(folder.resolve("package"))) {
                    files.filter(FhirJudge::holdsAResource).sorted().forEach(found::add);
                }
            }
        }
        return found;
    }

    private static boolean holdsAResource(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".json") && !name.equals("package.json") && !name.startsWith(".");
    }

    private FhirJudge() {}
}
