import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.apache.maven.artifact.Artifact;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.project.MavenProject;

/** Writes down what Maven resolved for the project, or makes its archive, for those goals that are told to. */
public class Show extends AbstractMojo {
    private MavenProject project;
    private boolean shows;
    private boolean packs;

    public void execute() throws MojoExecutionException {
        Path folder = Paths.get(project.getBuild().getDirectory());
        try {
            Files.createDirectories(folder);
            if (packs) {
                Path archive = folder.resolve("made.jar");
                Files.write(archive, new byte[0]);
                project.getArtifact().setFile(archive.toFile());
            }
            if (shows) {
                Files.write(folder.resolve("resolved"), resolved());
            }
        } catch (IOException error) {
            throw new MojoExecutionException("what was resolved could not be written down", error);
        }
    }

    private List<String> resolved() {
        List<String> lines = new ArrayList<>();
        for (Artifact artifact : project.getArtifacts()) {
            String more = artifact.getClassifier() == null ? "" : ":jar:" + artifact.getClassifier();
            lines.add(artifact.getGroupId() + ":" + artifact.getArtifactId() + more + ":" + artifact.getVersion());
        }
        return lines;
    }
}
