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

/** Does nothing but write down what Maven resolved for the project, for those goals that are told to. */
public class Show extends AbstractMojo {
    private MavenProject project;
    private boolean shows;

    public void execute() throws MojoExecutionException {
        if (!shows) {
            return;
        }
        List<String> lines = new ArrayList<>();
        for (Artifact artifact : project.getArtifacts()) {
            lines.add(artifact.getGroupId() + ":" + artifact.getArtifactId() + ":" + artifact.getVersion());
        }
        Path folder = Paths.get(project.getBuild().getDirectory());
        try {
            Files.createDirectories(folder);
            Files.write(folder.resolve("resolved"), lines);
        } catch (IOException error) {
            throw new MojoExecutionException("what was resolved could not be written down", error);
        }
    }
}
