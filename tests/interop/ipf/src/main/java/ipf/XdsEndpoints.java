package ipf;

import static org.openehealth.ipf.platform.camel.ihe.xds.XdsCamelValidators.iti18RequestValidator;
import static org.openehealth.ipf.platform.camel.ihe.xds.XdsCamelValidators.iti18ResponseValidator;
import static org.openehealth.ipf.platform.camel.ihe.xds.XdsCamelValidators.iti41RequestValidator;
import static org.openehealth.ipf.platform.camel.ihe.xds.XdsCamelValidators.iti43RequestValidator;
import static org.openehealth.ipf.platform.camel.ihe.xds.XdsCamelValidators.iti43ResponseValidator;
import static org.openehealth.ipf.platform.camel.ihe.xds.XdsCamelValidators.iti57RequestValidator;

import jakarta.activation.DataHandler;
import jakarta.activation.DataSource;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.camel.Processor;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.cxf.BusFactory;
import org.apache.cxf.transport.servlet.CXFServlet;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.openehealth.ipf.commons.audit.DefaultAuditContext;
import org.openehealth.ipf.commons.core.config.ContextFacade;
import org.openehealth.ipf.commons.core.config.SimpleRegistry;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Association;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.AssociationType;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.AvailabilityStatus;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Document;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.DocumentEntry;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.ObjectReference;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.SubmissionSet;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.TimeRange;
import org.openehealth.ipf.commons.ihe.xds.core.metadata.Timestamp;
import org.openehealth.ipf.commons.ihe.xds.core.requests.DocumentReference;
import org.openehealth.ipf.commons.ihe.xds.core.requests.ProvideAndRegisterDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.QueryRegistry;
import org.openehealth.ipf.commons.ihe.xds.core.requests.RegisterDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.RetrieveDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.FindDocumentsQuery;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.FindSubmissionSetsQuery;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.GetAssociationsQuery;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.GetDocumentsQuery;
import org.openehealth.ipf.commons.ihe.xds.core.requests.query.QueryReturnType;
import org.openehealth.ipf.commons.ihe.xds.core.responses.QueryResponse;
import org.openehealth.ipf.commons.ihe.xds.core.responses.Response;
import org.openehealth.ipf.commons.ihe.xds.core.responses.RetrievedDocument;
import org.openehealth.ipf.commons.ihe.xds.core.responses.RetrievedDocumentSet;
import org.openehealth.ipf.commons.ihe.xds.core.responses.Status;

/**
 * ITI-41, 18, 43 and 57 as IPF serves and validates them, over a registry in memory.
 *
 * <p>Prints {@code port N}, and stops when its input ends.
 */
public final class XdsEndpoints extends RouteBuilder {
    private static final String REPOSITORY = "1.2.250.1.213.4.1.1.1.2";

    private final Map<String, Document> byUniqueId = new LinkedHashMap<>();
    private final List<SubmissionSet> sets = new ArrayList<>();
    private final List<Association> members = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        Server server = new Server();
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        ServletContextHandler servlets = new ServletContextHandler("/");
        servlets.addServlet(new ServletHolder(new CXFServlet()), "/*");
        servlets.addFilter(new FilterHolder((Filter) XdsEndpoints::byAction), "/*", null);
        server.setHandler(servlets);
        server.start();
        SimpleRegistry beans = new SimpleRegistry();
        beans.register("bus", BusFactory.getDefaultBus());
        beans.register("audit", new DefaultAuditContext()); // its auditing is off unless asked for
        ContextFacade.setRegistry(beans);
        try (DefaultCamelContext camel = new DefaultCamelContext()) {
            camel.addRoutes(new XdsEndpoints());
            camel.start();
            System.out.println("port " + connector.getLocalPort());
            System.out.flush();
            while (System.in.read() >= 0) {}
        }
        server.stop();
    }

    /** The DMP has one address for ITI-41 and 43, one for ITI-18 and 57; IPF wants one for each. */
    private static void byAction(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        String type = String.valueOf(request.getContentType());
        String other = type.contains(":RetrieveDocumentSet") ? "/reading"
                : type.contains(":UpdateDocumentSet") ? "/change" : null;
        if (other == null) chain.doFilter(request, response);
        else request.getRequestDispatcher(other).forward(request, response);
    }

    @Override
    public void configure() {
        from("xds-iti41:repository").process(x -> FrenchForms.plain(x.getIn().getBody()))
                .process(iti41RequestValidator())
                .convertBodyTo(ProvideAndRegisterDocumentSet.class).process(answer(this::store));
        from("xds-iti18:registry").process(x -> FrenchForms.plain(x.getIn().getBody()))
                .process(iti18RequestValidator())
                .convertBodyTo(QueryRegistry.class).process(answer(this::query)).process(iti18ResponseValidator());
        from("xds-iti43:reading").process(iti43RequestValidator())
                .convertBodyTo(RetrieveDocumentSet.class).process(answer(this::retrieve))
                .process(iti43ResponseValidator());
        from("xds-iti57:change").process(x -> FrenchForms.plain(x.getIn().getBody()))
                .process(iti57RequestValidator())
                .convertBodyTo(RegisterDocumentSet.class).process(answer(this::change));
    }

    private interface Service<T> {
        Object serve(T request) throws Exception;
    }

    @SuppressWarnings("unchecked")
    private static <T> Processor answer(Service<T> service) {
        return exchange -> exchange.getMessage().setBody(service.serve((T) exchange.getIn().getBody()));
    }

    private synchronized Object store(ProvideAndRegisterDocumentSet request) throws Exception {
        Map<String, String> registered = new HashMap<>();
        register(request.getSubmissionSet(), registered);
        for (Document document : request.getDocuments()) {
            DocumentEntry entry = document.getDocumentEntry();
            byte[] content = bytes(document.getDataHandler());
            if (!entry.getSize().equals((long) content.length)) throw new IllegalStateException("size differs");
            if (!sha1(content).equalsIgnoreCase(entry.getHash())) throw new IllegalStateException("hash differs");
            entry.setAvailabilityStatus(AvailabilityStatus.APPROVED);
            entry.setRepositoryUniqueId(REPOSITORY);
            String uuid = newUuid();
            registered.put(entry.getEntryUuid(), uuid);
            entry.setEntryUuid(uuid);
            entry.setLogicalUuid(uuid);
            document.setDataHandler(new DataHandler(new Content(content, entry.getMimeType())));
            byUniqueId.put(entry.getUniqueId(), document);
        }
        for (Association link : request.getAssociations()) {
            if (link.getAssociationType() == AssociationType.REPLACE) {
                named(link.getTargetUuid()).setAvailabilityStatus(AvailabilityStatus.DEPRECATED);
            } else if (link.getAssociationType() == AssociationType.HAS_MEMBER) {
                members.add(new Association(AssociationType.HAS_MEMBER, newUuid(),
                        registered.get(link.getSourceUuid()), registered.get(link.getTargetUuid())));
            }
        }
        return new Response(Status.SUCCESS);
    }

    private void register(SubmissionSet set, Map<String, String> registered) {
        String uuid = newUuid();
        registered.put(set.getEntryUuid(), uuid);
        set.setEntryUuid(uuid);
        set.setAvailabilityStatus(AvailabilityStatus.APPROVED);
        sets.add(set);
    }

    private static String newUuid() {
        return "urn:uuid:" + UUID.randomUUID();
    }

    private synchronized Object query(QueryRegistry request) {
        if (request.getQuery() instanceof FindSubmissionSetsQuery query) {
            QueryResponse response = new QueryResponse(Status.SUCCESS);
            sets.stream().filter(set -> query.getPatientId().equals(set.getPatientId())
                            && within(query.getSubmissionTime(), set.getSubmissionTime()))
                    .forEach(response.getSubmissionSets()::add);
            return response;
        }
        if (request.getQuery() instanceof GetAssociationsQuery query) {
            QueryResponse response = new QueryResponse(Status.SUCCESS);
            members.stream().filter(one -> query.getUuids().contains(one.getSourceUuid())
                    || query.getUuids().contains(one.getTargetUuid())).forEach(response.getAssociations()::add);
            return response;
        }
        List<DocumentEntry> found = new ArrayList<>();
        for (Document document : byUniqueId.values()) {
            DocumentEntry entry = document.getDocumentEntry();
            boolean asked = false;
            if (request.getQuery() instanceof FindDocumentsQuery query) {
                asked = query.getPatientId().equals(entry.getPatientId())
                        && query.getStatus().contains(entry.getAvailabilityStatus())
                        && within(query.getCreationTime(), entry.getCreationTime())
                        && within(query.getServiceStartTime(), entry.getServiceStartTime());
            } else if (request.getQuery() instanceof GetDocumentsQuery query) {
                asked = query.getUniqueIds() != null && query.getUniqueIds().contains(entry.getUniqueId())
                        || query.getUuids() != null && query.getUuids().contains(entry.getEntryUuid());
            }
            if (asked) found.add(entry);
        }
        QueryResponse response = new QueryResponse(Status.SUCCESS);
        if (request.getReturnType() == QueryReturnType.OBJECT_REF) {
            found.forEach(entry -> response.getReferences().add(new ObjectReference(entry.getEntryUuid())));
        } else {
            response.getDocumentEntries().addAll(found);
        }
        return response;
    }

    private static boolean within(TimeRange range, Timestamp moment) {
        boolean late = range.getFrom() != null && moment.getDateTime().isBefore(range.getFrom().getDateTime());
        boolean early = range.getTo() != null && !moment.getDateTime().isBefore(range.getTo().getDateTime());
        return !late && !early;
    }

    private synchronized Object retrieve(RetrieveDocumentSet request) {
        RetrievedDocumentSet response = new RetrievedDocumentSet(Status.SUCCESS);
        for (DocumentReference asked : request.getDocuments()) {
            Document document = byUniqueId.get(asked.getDocumentUniqueId());
            if (document == null) throw new IllegalStateException("unknown document");
            response.getDocuments().add(new RetrievedDocument(document.getDataHandler(), asked, null, null,
                    document.getDocumentEntry().getMimeType()));
        }
        return response;
    }

    private synchronized Object change(RegisterDocumentSet request) {
        for (DocumentEntry entry : request.getDocumentEntries()) {
            Document document = byUniqueId.get(entry.getUniqueId());
            if (document == null) throw new IllegalStateException("unknown document");
            entry.setAvailabilityStatus(AvailabilityStatus.APPROVED);
            entry.setEntryUuid("urn:uuid:" + UUID.randomUUID());
            document.setDocumentEntry(entry);
        }
        return new Response(Status.SUCCESS);
    }

    private DocumentEntry named(String uuid) {
        return byUniqueId.values().stream().map(Document::getDocumentEntry)
                .filter(entry -> uuid.equals(entry.getEntryUuid())).findFirst()
                .orElseThrow(() -> new IllegalStateException("the replaced document is unknown"));
    }

    private record Content(byte[] bytes, String type) implements DataSource {
        @Override
        public InputStream getInputStream() {
            return new ByteArrayInputStream(bytes);
        }

        @Override
        public OutputStream getOutputStream() {
            throw new UnsupportedOperationException();
        }

        @Override
        public String getContentType() {
            return type;
        }

        @Override
        public String getName() {
            return "";
        }
    }

    private static byte[] bytes(DataHandler handler) throws IOException {
        try (InputStream stream = handler.getInputStream()) {
            return stream.readAllBytes();
        }
    }

    private static String sha1(byte[] content) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(content));
    }
}
